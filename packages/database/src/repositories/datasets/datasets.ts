// Datasets with totals over their images.
import { LIVE_JOB_STATUSES } from '@styleforge/contracts';
import type { DatasetKind } from '@styleforge/contracts';
import type { Dataset } from '../../generated/client.ts';
import { Batches } from '../../batches.ts';
import { newId } from '../../new-id.ts';
import type { PrismaClient, Transaction } from '../../prisma-types.ts';
import type { Statements } from '../../statements.ts';
import type { ImageMeasures } from './images.ts';
import { pageArguments, toPage } from '../common/page.ts';
import type { PageRequest, RowPage } from '../common/page.ts';

export type DatasetRow = Omit<Dataset, 'kind'> & { kind: DatasetKind };
export type ComponentCount = { component: string | null; count: number };
export type DatasetSummary = DatasetRow & { imageCount: number; sizeBytes: number; components: ComponentCount[] };

/** Result of a deletion. `users`: the jobs and evaluations that may still read the dataset. */
export type DatasetDeletion = { kind: 'deleted' | 'not_found' } | { kind: 'in_use'; users: string[] };

/** Facts that decide whether a job can train on a dataset. The images are in the order of their upload, without excluded ones. */
export type TrainingDataset = { id: string; kind: DatasetKind; imageCount: number; measures: ImageMeasures[] };

const FOR_TRAINING = `
  select dataset.id, dataset.kind, images.count as "imageCount", images.measures
  from datasets dataset, lateral (
    select count(*)::int as count, coalesce(json_agg(json_build_object(
      'fileName', file_name, 'component', component, 'caption', caption, 'width', width, 'height', height, 'hasMask', mask_key is not null
    ) order by id) filter (where not excluded), '[]') as measures
    from images where dataset_id = dataset.id
  ) images
  where dataset.project_id = $1 and dataset.id = any($2::text[])`;

export function createDatasetRepository(prisma: PrismaClient, statements: Statements) {
  const trainingReads = new Batches<readonly string[], TrainingDataset[]>(
    async (projectId, requests) => {
      const ids = [...new Set(requests.flat())];
      const rows = await statements.run<TrainingDataset>('datasets_for_training', FOR_TRAINING, [projectId, ids]);
      return requests.map((wanted) => rows.filter(({ id }) => wanted.includes(id)));
    },
    { failTogether: true },
  );

  async function summarize(rows: Dataset[]): Promise<DatasetSummary[]> {
    const groups = await prisma.image.groupBy({
      by: ['datasetId', 'component'],
      where: { datasetId: { in: rows.map(({ id }) => id) } },
      _count: true,
      _sum: { sizeBytes: true },
      orderBy: [{ datasetId: 'asc' }, { component: 'asc' }],
    });
    return rows.map((row) => {
      const own = groups.filter(({ datasetId }) => datasetId === row.id);
      return {
        ...toDatasetRow(row),
        imageCount: own.reduce((sum, group) => sum + group._count, 0),
        sizeBytes: own.reduce((sum, group) => sum + (group._sum.sizeBytes ?? 0), 0),
        components: own.map(({ component, _count }) => ({ component, count: _count })),
      };
    });
  }

  return {
    async create(projectId: string, values: { id?: string | undefined; name: string; kind: DatasetKind }): Promise<DatasetSummary> {
      const { id = newId('dataset'), name, kind } = values;
      const row = await prisma.dataset.upsert({ where: { id, projectId }, create: { id, projectId, name, kind }, update: {} });
      return { ...toDatasetRow(row), imageCount: 0, sizeBytes: 0, components: [] };
    },

    async find(projectId: string, id: string): Promise<DatasetSummary | null> {
      const row = await prisma.dataset.findUnique({ where: { id, projectId } });
      return row === null ? null : ((await summarize([row]))[0] ?? null);
    },

    /** These facts for each dataset, by id. Unknown ids are absent. */
    async forTraining(projectId: string, ids: readonly string[]): Promise<Map<string, TrainingDataset>> {
      const rows = await trainingReads.add(projectId, ids);
      return new Map(rows.map((row) => [row.id, row]));
    },

    /** Datasets by id. Unknown ids are absent. */
    async findAll(projectId: string, ids: readonly string[]): Promise<Map<string, DatasetSummary>> {
      const rows = await prisma.dataset.findMany({ where: { id: { in: [...ids] }, projectId } });
      return new Map((await summarize(rows)).map((summary) => [summary.id, summary]));
    },

    /** Renames a dataset; null if there is none. */
    async rename(projectId: string, id: string, name: string): Promise<DatasetSummary | null> {
      await prisma.dataset.updateMany({ where: { id, projectId }, data: { name } });
      return this.find(projectId, id);
    },

    async list(
      projectId: string,
      page: PageRequest,
      filter: { kind?: DatasetKind | undefined; name?: string | undefined } = {},
    ): Promise<RowPage<DatasetSummary>> {
      const { where, ...rest } = pageArguments(page);
      const named = {
        ...(filter.kind && { kind: filter.kind }),
        ...(filter.name && { name: { contains: filter.name, mode: 'insensitive' as const } }),
      };
      const { rows, hasMore } = toPage(await prisma.dataset.findMany({ ...rest, where: { ...where, ...named, projectId } }), page.limit);
      return { rows: await summarize(rows), hasMore };
    },

    /** Deletes the row and its images' rows, unless an unfinished job or evaluation uses it. */
    async delete(projectId: string, id: string): Promise<DatasetDeletion> {
      return prisma.$transaction(async (transaction) => {
        // Creating a job or an evaluation locks the rows of its datasets too, so that none can appear between the count and the deletion.
        const locked = await transaction.$queryRaw<unknown[]>`
          select id from datasets where id = ${id} and project_id = ${projectId} for update`;
        if (locked.length === 0) return { kind: 'not_found' };
        const users = [...(await liveJobs(transaction, id)), ...(await liveEvaluations(transaction, projectId, id))];
        if (users.length > 0) return { kind: 'in_use', users };
        await transaction.dataset.delete({ where: { id } });
        return { kind: 'deleted' };
      });
    },
  };
}

/** Jobs that may still read the dataset, to train on it or to compare with it. */
export async function liveJobs(transaction: Transaction, id: string): Promise<string[]> {
  const reference = (part: string) => ({ config: { path: [part, 'reference_dataset_id'], equals: id } });
  const rows = await transaction.trainingJob.findMany({
    where: {
      status: { in: [...LIVE_JOB_STATUSES] },
      OR: [{ styleRefDatasetId: id }, { auxDatasetId: id }, reference('early_stopping'), reference('evaluation')],
    },
    select: { id: true },
    orderBy: { id: 'asc' },
  });
  return rows.map((row) => row.id);
}

export async function liveEvaluations(transaction: Transaction, projectId: string, id: string): Promise<string[]> {
  const rows = await transaction.evaluation.findMany({
    where: { projectId, status: { in: ['queued', 'running'] }, config: { path: ['reference_dataset_id'], equals: id } },
    select: { id: true },
    orderBy: { id: 'asc' },
  });
  return rows.map((row) => row.id);
}

function toDatasetRow(row: Dataset): DatasetRow {
  return { ...row, kind: row.kind as DatasetKind };
}
