// Evaluations and their images.
import { completeEvaluationSettings, GENERATION_TRANSITIONS, isFinishedGeneration } from '@styleforge/contracts';
import type { EvaluationConfig, EvaluationProgress, EvaluationSummary, Failure, GenerationStatus } from '@styleforge/contracts';
import { StaleAttemptError, StatusConflictError } from '../../errors.ts';
import type { Evaluation, EvaluationImage } from '../../generated/client.ts';
import { newId } from '../../new-id.ts';
import type { PrismaClient, Transaction } from '../../prisma-types.ts';
import { budgetOf, spendBudget } from '../generations/budgets.ts';
import type { Spending } from '../generations/generations.ts';
import { addOutboxMessage } from '../work/outbox.ts';
import { forgetSetbacks, takeLease } from '../work/leases.ts';
import { pageArguments, toPage } from '../common/page.ts';
import type { PageRequest, RowPage } from '../common/page.ts';
import { announceEvaluation } from '../webhooks/webhook-announcements.ts';

type TypedColumns = {
  status: GenerationStatus;
  config: EvaluationConfig;
  progress: EvaluationProgress | null;
  error: Failure | null;
  summary: EvaluationSummary | null;
};
export type EvaluationRow = Omit<Evaluation, keyof TypedColumns> & TypedColumns;
export type EvaluationImageRow = Omit<EvaluationImage, 'seed'> & { seed: number };
export type NewEvaluation = { id?: string | undefined; projectId: string; config: EvaluationConfig } & Spending;
export type EvaluationChange = { from: GenerationStatus; to: GenerationStatus; attempt?: number; error?: Failure };

export function createEvaluationRepository(prisma: PrismaClient) {
  const get = async (where: { id: string; projectId?: string }): Promise<EvaluationRow | null> => {
    const row = await prisma.evaluation.findUnique({ where });
    return row && toRow(row);
  };

  async function explainMiss(id: string, wanted: string, attempt?: number): Promise<Error> {
    const row = await get({ id });
    if (row !== null && attempt !== undefined && row.attempt !== attempt) {
      return new StaleAttemptError(`Attempt ${attempt} of evaluation ${id} was taken over by attempt ${row.attempt}.`);
    }
    return new StatusConflictError(`Evaluation ${id} is ${row?.status ?? 'unknown'}: cannot ${wanted}.`);
  }

  /** Claims the evaluation, also after the death of its worker. Null if it is finished or unknown. */
  async function claim(id: string): Promise<EvaluationRow | null> {
    const claimed = await prisma.$executeRaw`
      update evaluations
      set status = 'running', attempt = attempt + 1, ${takeLease}, started_at = coalesce(started_at, now()), updated_at = now()
      where id = ${id} and status in ('queued', 'running')`;
    return claimed === 0 ? null : get({ id });
  }

  return {
    /**
     * Writes the evaluation and its outbox message together; null if its reference dataset has been deleted meanwhile. Throws BudgetError.
     */
    async create({ id = newId('evaluation'), projectId, config, cost = 0, budget }: NewEvaluation): Promise<EvaluationRow | null> {
      return prisma.$transaction(async (transaction) => {
        const existing = await transaction.evaluation.findUnique({ where: { id, projectId } });
        if (existing !== null) return toRow(existing);
        if (!(await lockReference(transaction, projectId, config))) return null;
        await spendBudget(transaction, 'evaluations', { projectId, cost, budget });
        const row = await transaction.evaluation.create({ data: { id, projectId, status: 'queued', config, cost } });
        await addOutboxMessage(transaction, { topic: 'evaluate', key: id, payload: { evaluationId: id }, projectId });
        return toRow(row);
      });
    },

    /**
     * Starts the evaluation stage of a job under a new attempt. An existing stage with this id continues with its images. It ends
     * with its job, so a stage that has ended is an error.
     */
    async startStage(
      id: string,
      { projectId, trainingJobId, config }: { projectId: string; trainingJobId: string; config: EvaluationConfig },
    ): Promise<EvaluationRow> {
      await prisma.evaluation.createMany({ data: { id, projectId, trainingJobId, status: 'queued', config }, skipDuplicates: true });
      const row = await claim(id);
      if (row === null) throw new Error(`Evaluation ${id} has ended before its training job ${trainingJobId}.`);
      return row;
    },

    /** The project's own budget; null if it has none. */
    budgetOf: (projectId: string) => budgetOf(prisma, 'evaluations', projectId),

    find: (projectId: string, id: string) => get({ id, projectId }),

    /** Finds a row of any project: workers serve all of them. */
    get: (id: string) => get({ id }),

    async list(projectId: string, page: PageRequest): Promise<RowPage<EvaluationRow>> {
      const { where, ...rest } = pageArguments(page);
      return toPage((await prisma.evaluation.findMany({ ...rest, where: { ...where, projectId } })).map(toRow), page.limit);
    },

    claim,

    async setStatus(id: string, { from, to, attempt, error }: EvaluationChange): Promise<void> {
      if (!GENERATION_TRANSITIONS[from].includes(to)) throw new StatusConflictError(`An evaluation never goes from ${from} to ${to}.`);
      const count = await prisma.$transaction(async (transaction) => {
        const changed = await transaction.evaluation.updateMany({
          where: { id, status: from, ...(attempt === undefined ? {} : { attempt }) },
          data: { status: to, ...(error === undefined ? {} : { error }), ...(isFinishedGeneration(to) ? { finishedAt: new Date() } : {}) },
        });
        if (changed.count > 0) await announceEvaluation(transaction, id, to);
        return changed.count;
      });
      if (count === 0) throw await explainMiss(id, `make it ${to}`, attempt);
    },

    /** Saves progress, and returns whether cancellation was requested. */
    async updateProgress(id: string, attempt: number, progress: EvaluationProgress): Promise<{ cancelRequested: boolean }> {
      const [row] = await prisma.evaluation.updateManyAndReturn({
        where: { id, attempt, status: 'running' },
        data: { progress },
        select: { cancelRequestedAt: true },
      });
      if (row === undefined) throw await explainMiss(id, 'save its progress', attempt);
      return { cancelRequested: row.cancelRequestedAt !== null };
    },

    /** Saves the summary of the stored report for lists and studies. */
    async recordSummary(id: string, attempt: number, summary: EvaluationSummary): Promise<void> {
      const { count } = await prisma.evaluation.updateMany({ where: { id, attempt, status: 'running' }, data: { summary } });
      if (count === 0) throw await explainMiss(id, 'record its summary', attempt);
    },

    /** The evaluations with these ids, by id. */
    async listByIds(ids: readonly string[]): Promise<Map<string, EvaluationRow>> {
      const rows = await prisma.evaluation.findMany({ where: { id: { in: [...ids] } } });
      return new Map(rows.map((row) => [row.id, toRow(row)]));
    },

    /** Cancels an evaluation that no worker holds; a running one is cancelled by its worker. Null if there is none. */
    async requestCancel(projectId: string, id: string): Promise<EvaluationRow | null> {
      const now = new Date();
      const own = { id, projectId, trainingJobId: null, cancelRequestedAt: null };
      const count = await prisma.$transaction(async (transaction) => {
        const changed = await transaction.evaluation.updateMany({
          where: { ...own, OR: [{ status: 'queued' }, { status: 'running', leaseUntil: null }] },
          data: { status: 'cancelled', cancelRequestedAt: now, finishedAt: now },
        });
        if (changed.count > 0) await announceEvaluation(transaction, id, 'cancelled');
        return changed.count;
      });
      if (count === 0) await prisma.evaluation.updateMany({ where: { ...own, status: 'running' }, data: { cancelRequestedAt: now } });
      return get({ id, projectId });
    },

    /** Records an image. One that is generated again after a worker died replaces the first. */
    async recordImage({ seed, ...image }: Omit<EvaluationImageRow, 'createdAt' | 'missingSince'>): Promise<void> {
      const { evaluationId, model, index, ...values } = image;
      await prisma.evaluationImage.upsert({
        where: { evaluationId_model_index: { evaluationId, model, index } },
        create: { ...image, seed: BigInt(seed) },
        update: { ...values, seed: BigInt(seed), missingSince: null },
      });
      await forgetSetbacks(prisma, 'evaluations', evaluationId);
    },

    /** The images, ordered by model and index. */
    async listImages(evaluationId: string, model?: number): Promise<EvaluationImageRow[]> {
      const where = { evaluationId, ...(model === undefined ? {} : { model }) };
      const rows = await prisma.evaluationImage.findMany({ where, orderBy: [{ model: 'asc' }, { index: 'asc' }] });
      return rows.map(toImageRow);
    },

    async findImage(evaluationId: string, model: number, index: number): Promise<EvaluationImageRow | null> {
      const row = await prisma.evaluationImage.findUnique({ where: { evaluationId_model_index: { evaluationId, model, index } } });
      return row && toImageRow(row);
    },
  };
}

/** Prevents the dataset from being deleted until the commit. False if it no longer exists. */
async function lockReference(
  transaction: Transaction,
  projectId: string,
  { reference_dataset_id: id }: EvaluationConfig,
): Promise<boolean> {
  if (id === null) return true;
  const found = await transaction.$queryRaw<unknown[]>`select 1 from datasets where id = ${id} and project_id = ${projectId} for key share`;
  return found.length > 0;
}

/** Ends the evaluation stage of a job that ends, in the same transaction, so that no crash separates the two. */
export async function endStage(transaction: Transaction, trainingJobId: string, status: GenerationStatus, error?: Failure): Promise<void> {
  const ended = await transaction.evaluation.updateManyAndReturn({
    where: { trainingJobId, status: 'running' },
    data: { status, finishedAt: new Date(), ...(error === undefined ? {} : { error }) },
    select: { id: true },
  });
  for (const { id } of ended) await announceEvaluation(transaction, id, status);
}

function toRow(row: Evaluation): EvaluationRow {
  const typed = row as unknown as EvaluationRow;
  return { ...typed, config: completeEvaluationSettings(typed.config) };
}

function toImageRow(row: EvaluationImage): EvaluationImageRow {
  return { ...row, seed: Number(row.seed) };
}
