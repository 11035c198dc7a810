// Generations and their images.
import { completeGenerationConfig, GENERATION_TRANSITIONS, isFinishedGeneration } from '@styleforge/contracts';
import type { CandidateVerdict, Failure, GenerationConfig, GenerationStatus } from '@styleforge/contracts';
import { StaleAttemptError, StatusConflictError } from '../../errors.ts';
import type { GeneratedImage, Generation } from '../../generated/client.ts';
import { newId } from '../../new-id.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import { spendBudget } from './budgets.ts';
import { addOutboxMessage } from '../work/outbox.ts';
import { announceGeneration } from '../webhooks/webhook-announcements.ts';
import { forgetSetbacks, takeLease } from '../work/leases.ts';
import { pageArguments, toPage } from '../common/page.ts';
import type { PageRequest, RowPage } from '../common/page.ts';

type TypedColumns = { status: GenerationStatus; config: GenerationConfig; error: Failure | null };
export type GenerationRow = Omit<Generation, keyof TypedColumns> & TypedColumns;
export type GeneratedImageRow = Omit<GeneratedImage, 'seed' | 'verdict'> & { seed: number; verdict: CandidateVerdict | null };
/** A generation with its images in order, and the job whose checkpoint it uses. */
export type GenerationDetail = GenerationSummaryRow & { images: GeneratedImageRow[] };
export type GenerationSummaryRow = GenerationRow & { trainingJobId: string | null };
export type GenerationFilter = { status?: GenerationStatus | undefined };

export type GenerationModel = { baseModel: string } | { checkpointId: string };
export type NewGeneration = { id?: string | undefined; projectId: string; model: GenerationModel; config: GenerationConfig } & Spending;
/** Cost of the generation, and the budget of projects that have none of their own. */
export type Spending = { cost?: number; budget?: number | undefined };
export type GeneratedImageFilter = { model?: string | undefined; trainingJobId?: string | undefined; starred?: boolean | undefined };
/** An image with the settings of its generation. */
export type FoundImageRow = GeneratedImageRow & { config: GenerationConfig };
/** An image with the model that generated it. */
export type ListedImageRow = GeneratedImageRow & { config: GenerationConfig } & Pick<
    GenerationSummaryRow,
    'baseModel' | 'checkpointId' | 'trainingJobId'
  >;
export type NewGeneratedImage = Omit<GeneratedImageRow, 'starred' | 'createdAt' | 'missingSince' | 'clipScore' | 'verdict'>;
export type GenerationChange = { from: GenerationStatus; to: GenerationStatus; attempt?: number; error?: Failure };

export function createGenerationRepository(prisma: PrismaClient) {
  async function load(where: { id: string; projectId?: string }): Promise<GenerationDetail | null> {
    const include = { images: { orderBy: { index: 'asc' as const } }, checkpoint: { select: { jobId: true } } };
    const row = await prisma.generation.findUnique({ where, include });
    if (row === null) return null;
    const { images, checkpoint, ...generation } = row;
    return { ...toRow(generation), images: images.map(toImageRow), trainingJobId: checkpoint?.jobId ?? null };
  }

  return {
    /** Writes the generation and its outbox message together. Throws BudgetError. */
    async create({ id = newId('generation'), projectId, model, config, cost = 0, budget }: NewGeneration): Promise<GenerationRow> {
      return prisma.$transaction(async (transaction) => {
        const existing = await transaction.generation.findUnique({ where: { id, projectId } });
        if (existing !== null) return toRow(existing);
        await spendBudget(transaction, 'generations', { projectId, cost, budget });
        const row = await transaction.generation.create({ data: { id, projectId, status: 'queued', config, cost, ...model } });
        await addOutboxMessage(transaction, { topic: 'generate', key: id, payload: { generationId: id }, projectId });
        return toRow(row);
      });
    },

    find: (projectId: string, id: string) => load({ id, projectId }),

    /** Finds a row of any project: workers serve all of them. */
    get: (id: string) => load({ id }),

    /** Claims the generation, also after the death of its worker. Null if it is finished or unknown. */
    async claim(id: string): Promise<GenerationDetail | null> {
      const claimed = await prisma.$executeRaw`
        update generations
        set status = 'running', attempt = attempt + 1, ${takeLease}, started_at = coalesce(started_at, now()), updated_at = now()
        where id = ${id} and status in ('queued', 'running')`;
      return claimed === 0 ? null : load({ id });
    },

    async setStatus(id: string, { from, to, attempt, error }: GenerationChange): Promise<void> {
      if (!GENERATION_TRANSITIONS[from].includes(to)) throw new StatusConflictError(`A generation never goes from ${from} to ${to}.`);
      const changed = await prisma.$transaction(async (transaction) => {
        const { count } = await transaction.generation.updateMany({
          where: { id, status: from, ...(attempt === undefined ? {} : { attempt }) },
          data: { status: to, ...(error === undefined ? {} : { error }), ...(isFinishedGeneration(to) ? { finishedAt: new Date() } : {}) },
        });
        if (count > 0) await announceGeneration(transaction, id, to);
        return count > 0;
      });
      if (changed) return;
      const row = await prisma.generation.findUnique({ where: { id } });
      if (row !== null && attempt !== undefined && row.attempt !== attempt) {
        throw new StaleAttemptError(`Attempt ${attempt} of generation ${id} was taken over by attempt ${row.attempt}.`);
      }
      throw new StatusConflictError(`Generation ${id} is ${row?.status ?? 'unknown'}: cannot make it ${to}.`);
    },

    /** Whether the attempt still holds the generation, which may have been cancelled or taken over. */
    async isHeld(id: string, attempt: number): Promise<boolean> {
      return (await prisma.generation.count({ where: { id, attempt, status: 'running' } })) > 0;
    },

    /**
     * Cancels a queued or running generation at once; its worker stops when it notices. A finished one does not change.
     * Null if there is none.
     */
    async cancel(projectId: string, id: string): Promise<GenerationDetail | null> {
      await prisma.generation.updateMany({
        where: { id, projectId, status: { in: ['queued', 'running'] } },
        data: { status: 'cancelled', finishedAt: new Date() },
      });
      return load({ id, projectId });
    },

    /** Generations, newest first, without their images. */
    async list(projectId: string, filter: GenerationFilter, page: PageRequest): Promise<RowPage<GenerationSummaryRow>> {
      const { where, ...rest } = pageArguments(page);
      const status = filter.status === undefined ? {} : { status: filter.status };
      const rows = await prisma.generation.findMany({
        ...rest,
        where: { ...where, ...status, projectId },
        include: { checkpoint: { select: { jobId: true } } },
      });
      return toPage(
        rows.map(({ checkpoint, ...row }) => ({ ...toRow(row), trainingJobId: checkpoint?.jobId ?? null })),
        page.limit,
      );
    },

    /**
     * Records an image of the attempt. Throws StatusConflictError if the attempt no longer holds the generation. An image that
     * is generated again after a worker died replaces the first and keeps its id.
     */
    async recordImage(attempt: number, { seed, ...image }: NewGeneratedImage): Promise<GeneratedImageRow> {
      const { id, generationId, index, ...values } = image;
      return prisma.$transaction(async (transaction) => {
        const held = await transaction.$queryRaw<unknown[]>`
          select 1 from generations where id = ${generationId} and attempt = ${attempt} and status = 'running' for key share`;
        if (held.length === 0) throw new StatusConflictError(`Attempt ${attempt} does not hold generation ${generationId} any more.`);
        const row = await transaction.generatedImage.upsert({
          where: { generationId_index: { generationId, index } },
          create: { ...image, seed: BigInt(seed) },
          update: { ...values, seed: BigInt(seed), missingSince: null },
        });
        await forgetSetbacks(transaction, 'generations', generationId);
        return toImageRow(row);
      });
    },

    /**
     * Records the attempt's scores of the images, in their order. Throws StatusConflictError if the attempt no longer holds the generation.
     */
    async recordScores(id: string, attempt: number, scores: readonly number[]): Promise<void> {
      await prisma.$transaction(async (transaction) => {
        const held = await transaction.$queryRaw<unknown[]>`
          select 1 from generations where id = ${id} and attempt = ${attempt} and status = 'running' for key share`;
        if (held.length === 0) throw new StatusConflictError(`Attempt ${attempt} does not hold generation ${id} any more.`);
        await transaction.$executeRaw`
          update generated_images image set clip_score = given.score
          from unnest(${scores.map((_, index) => index)}::int[], ${[...scores]}::float8[]) as given(index, score)
          where image.generation_id = ${id} and image.index = given.index`;
      });
    },

    /** Sets verdicts by image id, all or none. Returns the ids that the generation does not contain. */
    async setVerdicts(projectId: string, generationId: string, verdicts: ReadonlyMap<string, CandidateVerdict | null>): Promise<string[]> {
      return prisma.$transaction(async (transaction) => {
        const rows = await transaction.generatedImage.findMany({
          where: { projectId, generationId, id: { in: [...verdicts.keys()] } },
          select: { id: true },
        });
        const known = new Set(rows.map(({ id }) => id));
        const unknown = [...verdicts.keys()].filter((id) => !known.has(id));
        if (unknown.length > 0) return unknown;
        for (const wanted of new Set(verdicts.values())) {
          const ids = [...verdicts].filter(([, verdict]) => verdict === wanted).map(([id]) => id);
          await transaction.generatedImage.updateMany({ where: { id: { in: ids } }, data: { verdict: wanted } });
        }
        return [];
      });
    },

    /** Images of all generations, newest first. */
    async listImages(projectId: string, filter: GeneratedImageFilter, page: PageRequest): Promise<RowPage<ListedImageRow>> {
      const { where, ...rest } = pageArguments(page);
      const { model, trainingJobId, starred } = filter;
      const generation = {
        AND: [
          ...(model === undefined ? [] : [{ OR: [{ baseModel: model }, { checkpointId: model }, { checkpoint: { jobId: model } }] }]),
          ...(trainingJobId === undefined ? [] : [{ checkpoint: { jobId: trainingJobId } }]),
        ],
      };
      const rows = await prisma.generatedImage.findMany({
        ...rest,
        where: { ...where, projectId, generation, ...(starred !== undefined && { starred }) },
        include: { generation: { select: { baseModel: true, checkpointId: true, config: true, checkpoint: { select: { jobId: true } } } } },
      });
      const listed = rows.map(({ generation: { baseModel, checkpointId, checkpoint, config }, ...row }) => ({
        ...toImageRow(row),
        config: completeGenerationConfig(config as unknown as GenerationConfig),
        baseModel,
        checkpointId,
        trainingJobId: checkpoint?.jobId ?? null,
      }));
      return toPage(listed, page.limit);
    },

    /** Stars an image or removes its star; null if there is none. */
    async starImage(projectId: string, id: string, starred: boolean): Promise<FoundImageRow | null> {
      await prisma.generatedImage.updateMany({ where: { id, projectId }, data: { starred } });
      return this.findImage(projectId, id);
    },

    async findImage(projectId: string, id: string): Promise<FoundImageRow | null> {
      const found = await prisma.generatedImage.findUnique({
        where: { id, projectId },
        include: { generation: { select: { config: true } } },
      });
      if (found === null) return null;
      const { generation, ...row } = found;
      return { ...toImageRow(row), config: completeGenerationConfig(generation.config as unknown as GenerationConfig) };
    },

    /** Ids of generations with a start image, which is stored with their images. */
    async idsWithInput(projectId: string): Promise<string[]> {
      const rows = await prisma.$queryRaw<{ id: string }[]>`
        select id from generations where project_id = ${projectId} and jsonb_typeof(config -> 'image') = 'object'`;
      return rows.map(({ id }) => id);
    },
  };
}

function toRow(row: Generation): GenerationRow {
  const typed = row as unknown as GenerationRow;
  return { ...typed, config: completeGenerationConfig(typed.config) };
}

function toImageRow(row: GeneratedImage): GeneratedImageRow {
  return { ...(row as GeneratedImageRow & GeneratedImage), seed: Number(row.seed) };
}
