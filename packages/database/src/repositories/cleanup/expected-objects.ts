// The objects that the store must contain by the rows of one project, and which were missing at the last check.
import { FINISHED_JOB_STATUSES, type JobStatus } from '@styleforge/contracts';
import type { PrismaClient } from '../../prisma-types.ts';

/** A row and the objects that it refers to. */
export type ExpectedRow = {
  keys: string[];
  createdAt: Date;
  /** When a sweep first found an object of the row missing; null while all are there. */
  missingSince: Date | null;
  mark(missingSince: Date | null): Promise<unknown>;
  /** Removes the row. Null for uploads and for results of jobs: their rows stay, and are shown as missing. */
  remove: (() => Promise<unknown>) | null;
} & (
  | { kind: 'dataset image'; datasetId: string; imageId: string }
  | { kind: 'checkpoint'; objectPrefix: string }
  | { kind: 'validation image' | 'generated image' | 'evaluation image' | 'model cover' | 'uploaded adapter' | 'export' }
);

export function createExpectedObjects(prisma: PrismaClient) {
  const datasetImages = async (projectId: string): Promise<ExpectedRow[]> =>
    (await prisma.image.findMany({ where: { projectId } })).map(({ id, datasetId, objectKey, maskKey, createdAt, missingSince: seen }) => ({
      kind: 'dataset image',
      datasetId,
      imageId: id,
      keys: [objectKey, ...(maskKey === null ? [] : [maskKey])],
      createdAt,
      missingSince: seen,
      mark: (missingSince) => prisma.image.updateMany({ where: { id }, data: { missingSince } }),
      remove: null,
    }));

  const generatedImages = async (projectId: string): Promise<ExpectedRow[]> =>
    (await prisma.generatedImage.findMany({ where: { projectId } })).map(({ id, objectKey, createdAt, missingSince: seen }) => ({
      kind: 'generated image',
      keys: [objectKey],
      createdAt,
      missingSince: seen,
      mark: (missingSince) => prisma.generatedImage.updateMany({ where: { id }, data: { missingSince } }),
      remove: null,
    }));

  const evaluationImages = async (projectId: string): Promise<ExpectedRow[]> =>
    (await prisma.evaluationImage.findMany({ where: { evaluation: { projectId } } })).map((row) => {
      const where = { evaluationId: row.evaluationId, model: row.model, index: row.index };
      return {
        kind: 'evaluation image',
        keys: [row.objectKey],
        createdAt: row.createdAt,
        missingSince: row.missingSince,
        mark: (missingSince) => prisma.evaluationImage.updateMany({ where, data: { missingSince } }),
        remove: null,
      };
    });

  const validationImages = async (projectId: string): Promise<ExpectedRow[]> =>
    (await prisma.validationImage.findMany({ where: { job: { projectId } } })).map((row) => {
      const where = { jobId: row.jobId, step: row.step, index: row.index };
      return {
        kind: 'validation image',
        keys: [row.objectKey],
        createdAt: row.createdAt,
        missingSince: row.missingSince,
        mark: (missingSince) => prisma.validationImage.updateMany({ where, data: { missingSince } }),
        remove: () => prisma.validationImage.deleteMany({ where }),
      };
    });

  const checkpoints = async (projectId: string): Promise<ExpectedRow[]> => {
    const include = { job: { select: { status: true, result: true } }, _count: { select: { modelVersions: true } } };
    const rows = await prisma.checkpoint.findMany({ where: { projectId }, include });
    const furthest = new Map<string, number>();
    for (const { jobId, step } of rows) furthest.set(jobId, Math.max(step, furthest.get(jobId) ?? 0));
    return rows.map(({ id, jobId, step, objectPrefix, files, createdAt, missingSince: seen, job, _count }) => {
      const isNamed = _count.modelVersions > 0;
      const isResult = (job.result as { checkpoint_id?: string } | null)?.checkpoint_id === id || furthest.get(jobId) === step;
      const isOver = (FINISHED_JOB_STATUSES as readonly JobStatus[]).includes(job.status as JobStatus);
      return {
        kind: 'checkpoint',
        objectPrefix,
        keys: (files as { path: string }[]).map(({ path }) => objectPrefix + path),
        createdAt,
        missingSince: seen,
        mark: (missingSince) => prisma.checkpoint.updateMany({ where: { id }, data: { missingSince } }),
        remove: isResult || isNamed || !isOver ? null : () => prisma.checkpoint.deleteMany({ where: { id, missingSince: { not: null } } }),
      };
    });
  };

  const modelCovers = async (projectId: string): Promise<ExpectedRow[]> =>
    (await prisma.registeredModel.findMany({ where: { projectId, coverKey: { not: null } } })).map(({ coverKey, createdAt }) => ({
      kind: 'model cover',
      keys: [coverKey ?? ''],
      createdAt,
      missingSince: null,
      // The page shows a broken image; nothing else depends on it.
      mark: async () => undefined,
      remove: null,
    }));

  const uploadedAdapters = async (projectId: string): Promise<ExpectedRow[]> =>
    (await prisma.modelVersion.findMany({ where: { projectId, objectKey: { not: null } } })).map(
      ({ id, objectKey, createdAt, missingSince: seen }) => ({
        kind: 'uploaded adapter',
        keys: [objectKey ?? ''],
        createdAt,
        missingSince: seen,
        mark: (missingSince) => prisma.modelVersion.updateMany({ where: { id }, data: { missingSince } }),
        remove: null,
      }),
    );

  const exported = async (projectId: string): Promise<ExpectedRow[]> =>
    (await prisma.export.findMany({ where: { projectId, status: 'succeeded' } })).map(
      ({ id, objectKey, finishedAt, createdAt, missingSince: seen }) => ({
        kind: 'export',
        keys: [objectKey ?? ''],
        createdAt: finishedAt ?? createdAt,
        missingSince: seen,
        mark: (missingSince) => prisma.export.updateMany({ where: { id }, data: { missingSince } }),
        remove: () => prisma.export.deleteMany({ where: { id, status: 'succeeded', missingSince: { not: null } } }),
      }),
    );

  /** Every row of the project that refers to objects. */
  return async (projectId: string): Promise<ExpectedRow[]> =>
    (
      await Promise.all([
        datasetImages(projectId),
        generatedImages(projectId),
        validationImages(projectId),
        checkpoints(projectId),
        evaluationImages(projectId),
        modelCovers(projectId),
        uploadedAdapters(projectId),
        exported(projectId),
      ])
    ).flat();
}
