// Training jobs: created with their outbox message, and changed only from the status that the change expects.
import { ACTIVE_JOB_STATUSES, definedOnly, isFinishedJob, JOB_TRANSITIONS, PRIORITY_RANKS } from '@styleforge/contracts';
import type { Failure, JobHeartbeat, JobPriority, JobProgress, JobResult, JobStatus, TrainingMethod } from '@styleforge/contracts';
import { StaleAttemptError, StatusConflictError } from '../../errors.ts';
import type { PrismaClient } from '../../prisma-types.ts';
import type { Statements } from '../../statements.ts';
import { endStage } from '../evaluations/evaluations.ts';
import { appendJobEvent } from './events.ts';
import { takeLease } from '../work/leases.ts';
import { pageArguments, toPage } from '../common/page.ts';
import type { PageRequest, RowPage } from '../common/page.ts';
import { trainingJobCreator } from './training-job-creation.ts';
import { keptResult, requestCancel } from './training-job-cancel.ts';
import { meetRequest, NO_REQUESTS, requestOfJob } from './training-job-requests.ts';
import type { JobRequest } from './training-job-requests.ts';
import { requestPause, resumeJob } from './training-job-pause.ts';
import type { ResumeOptions } from './training-job-pause.ts';
import { countQueued, positionReader, queuePositions } from './queue-positions.ts';
import { trainingJobPoller } from './training-job-polls.ts';
import { toTrainingJobRow } from './training-job-row.ts';
import type { TrainingJobRow } from './training-job-row.ts';

export type JobFilter = {
  status?: JobStatus | undefined;
  method?: TrainingMethod | undefined;
  baseModel?: string | undefined;
  /** Metadata pairs that the job must have, all of them. */
  metadata?: [key: string, value: string][] | undefined;
};
export type JobAnnotation = {
  name?: string | null | undefined;
  notes?: string | undefined;
  metadata?: Record<string, string> | undefined;
  starred?: boolean | undefined;
};
export type StatusChange = {
  from: JobStatus | readonly JobStatus[];
  to: JobStatus;
  /** The attempt of the writer; omitted by writers that hold no claim. */
  attempt?: number;
  result?: JobResult;
  error?: Failure;
};

/** Request to the worker that holds a job; cancelling has priority over pausing. */
export type StopWish = { cancelRequested: boolean; pauseRequested: boolean };
export type JobWishes = StopWish & { requests: JobRequest[] };

type WishColumns = Pick<TrainingJobRow, 'status' | 'cancelRequestedAt' | 'checkpointRequestedAt' | 'sampleRequest'>;

export function wishesOf({ status, cancelRequestedAt, checkpointRequestedAt: at, sampleRequest: sample }: WishColumns): JobWishes {
  const requests: JobRequest[] = [
    ...(at ? [{ kind: 'checkpoint', at } as const] : []),
    ...(sample ? [{ kind: 'sample', sample } as const] : []),
  ];
  return { cancelRequested: cancelRequestedAt !== null, pauseRequested: status === 'pausing', requests };
}

export function createTrainingJobRepository(prisma: PrismaClient, statements: Statements) {
  /** Explains why a conditional update matched no row. */
  async function explainMiss(id: string, wanted: string, attempt?: number): Promise<Error> {
    const row = await prisma.trainingJob.findUnique({ where: { id } });
    if (row === null) return new StatusConflictError(`There is no training job ${id}.`);
    if (attempt !== undefined && row.attempt !== attempt) {
      return new StaleAttemptError(`Attempt ${attempt} of training job ${id} was taken over by attempt ${row.attempt}.`);
    }
    return new StatusConflictError(`Training job ${id} is ${row.status}: cannot ${wanted}.`);
  }

  return {
    create: trainingJobCreator(prisma, statements),

    /** The job with its place in the queue and its usage. */
    poll: trainingJobPoller(statements),

    async find(projectId: string, id: string): Promise<TrainingJobRow | null> {
      const row = await prisma.trainingJob.findUnique({ where: { id, projectId } });
      return row && toTrainingJobRow(row);
    },

    /** Finds a job of any project, because workers serve all of them. */
    async get(id: string): Promise<TrainingJobRow | null> {
      const row = await prisma.trainingJob.findUnique({ where: { id } });
      return row && toTrainingJobRow(row);
    },

    async list(projectId: string, filter: JobFilter, page: PageRequest): Promise<RowPage<TrainingJobRow>> {
      const { where, ...rest } = pageArguments(page);
      const conditions = definedOnly({ status: filter.status, method: filter.method, baseModel: filter.baseModel });
      const metadata = (filter.metadata ?? []).map(([key, value]) => ({ metadata: { path: [key], equals: value } }));
      const rows = await prisma.trainingJob.findMany({ ...rest, where: { ...where, ...conditions, projectId, AND: metadata } });
      return toPage(rows.map(toTrainingJobRow), page.limit);
    },

    /** The number of jobs ahead of each of these queued jobs. */
    queuePositions: (ids: string[]) => queuePositions(statements, ids),

    /** The number of jobs ahead of a queued job; null once it has left the queue. */
    positionOf: positionReader(statements),

    /** Number of the project's queued jobs with at least this priority. */
    countQueued: (projectId: string, priority: JobPriority): Promise<number> => countQueued(prisma, projectId, PRIORITY_RANKS[priority]),

    /**
     * Claims the job under a new attempt. A queued job becomes `validating`; one whose worker died keeps its status.
     * The queue delivers a job to one worker at a time. Null if the job is finished, paused or unknown.
     */
    async claim(id: string): Promise<TrainingJobRow | null> {
      return prisma.$transaction(async (transaction) => {
        const claimed = await transaction.$queryRaw<{ attempt: number; before: JobStatus }[]>`
          with found as (select id, status from training_jobs where id = ${id} for no key update)
          update training_jobs job
          set status = case when found.status = 'queued' then 'validating' else found.status end, attempt = attempt + 1, ${takeLease},
            started_at = coalesce(started_at, now()), updated_at = now()
          from found
          where job.id = found.id and found.status = any(${['queued', ...ACTIVE_JOB_STATUSES]})
          returning job.attempt, found.status as before`;
        const [row] = claimed;
        if (row === undefined) return null;
        await appendJobEvent(transaction, id, row.before === 'queued' ? 'job.validating' : 'job.taken_over', { attempt: row.attempt });
        return toTrainingJobRow(await transaction.trainingJob.findUniqueOrThrow({ where: { id } }));
      });
    },

    /** Makes a `validating` job `running` after its inputs were checked; other statuses do not change. Throws StaleAttemptError. */
    async start(id: string, attempt: number): Promise<void> {
      await prisma.$transaction(async (transaction) => {
        const { count } = await transaction.trainingJob.updateMany({
          where: { id, attempt, status: 'validating' },
          data: { status: 'running' },
        });
        if (count > 0) await appendJobEvent(transaction, id, 'job.running', { attempt });
        else if ((await transaction.trainingJob.count({ where: { id, attempt } })) === 0) throw await explainMiss(id, 'start it', attempt);
      });
    },

    /**
     * Changes the status and logs the change. A job that ends also ends its evaluation stage. Throws StatusConflictError or
     * StaleAttemptError.
     */
    async setStatus(id: string, change: StatusChange): Promise<TrainingJobRow> {
      const from = typeof change.from === 'string' ? [change.from] : [...change.from];
      assertAllowed(from, change.to);
      const changed = await prisma.$transaction(async (transaction) => {
        const kept = change.to === 'cancelled' && change.result === undefined ? await keptResult(transaction, id) : {};
        const { count } = await transaction.trainingJob.updateMany({
          where: { id, status: { in: from }, ...definedOnly({ attempt: change.attempt }) },
          data: {
            status: change.to,
            ...definedOnly({ result: change.result, error: change.error }),
            ...kept,
            ...(isFinishedJob(change.to) ? { finishedAt: new Date() } : {}),
            ...(change.to === 'running' ? {} : NO_REQUESTS),
            ...((ACTIVE_JOB_STATUSES as readonly JobStatus[]).includes(change.to) ? {} : { leaseUntil: null }),
          },
        });
        if (count === 0) return null;
        if (isFinishedJob(change.to)) await endStage(transaction, id, change.to, change.error);
        await appendJobEvent(transaction, id, `job.${change.to}`, definedOnly({ result: change.result, error: change.error }));
        return toTrainingJobRow(await transaction.trainingJob.findUniqueOrThrow({ where: { id } }));
      });
      if (changed === null) throw await explainMiss(id, `make it ${change.to}`, change.attempt);
      return changed;
    },

    /** Saves progress and returns pending requests for the job. Throws StaleAttemptError. */
    async updateProgress(id: string, attempt: number, progress: JobProgress): Promise<JobWishes> {
      const rows = await prisma.trainingJob.updateManyAndReturn({
        where: { id, attempt, status: { in: [...ACTIVE_JOB_STATUSES] } },
        data: { progress },
        select: { cancelRequestedAt: true, status: true, checkpointRequestedAt: true, sampleRequest: true },
      });
      const [row] = rows;
      if (row === undefined) throw await explainMiss(id, 'save its progress', attempt);
      return wishesOf(row as WishColumns);
    },

    /** Stores the heartbeat of the worker that holds the job; heartbeats of other workers are ignored. */
    async heartbeat(id: string, attempt: number, heartbeat: JobHeartbeat): Promise<void> {
      await prisma.trainingJob.updateMany({ where: { id, attempt, status: { in: [...ACTIVE_JOB_STATUSES] } }, data: { heartbeat } });
    },

    /** Changes name, notes, metadata and star of a job. Null if the job does not exist. */
    async annotate(projectId: string, id: string, { name, notes, metadata, starred }: JobAnnotation): Promise<TrainingJobRow | null> {
      const data = definedOnly({ notes, metadata, starred });
      await prisma.trainingJob.updateMany({ where: { id, projectId }, data: { ...data, ...(name !== undefined && { name }) } });
      const row = await prisma.trainingJob.findUnique({ where: { id, projectId } });
      return row && toTrainingJobRow(row);
    },

    /** Ids of the project's jobs that a worker holds now. */
    async activeIds(projectId: string, limit: number): Promise<string[]> {
      const where = { projectId, status: { in: [...ACTIVE_JOB_STATUSES] } };
      return (await prisma.trainingJob.findMany({ where, select: { id: true }, orderBy: { id: 'desc' }, take: limit })).map(({ id }) => id);
    },

    /** Selects the given ids that are jobs of the project. */
    async ownIds(projectId: string, ids: readonly string[]): Promise<string[]> {
      return (await prisma.trainingJob.findMany({ where: { projectId, id: { in: [...ids] } }, select: { id: true } })).map(({ id }) => id);
    },

    requestCancel: (projectId: string, id: string) => requestCancel(prisma, projectId, id),

    /** Requests a checkpoint or sample images without stopping the job. */
    request: (projectId: string, id: string, request: JobRequest) => requestOfJob(prisma, projectId, id, request),

    meetRequest: (id: string, request: JobRequest) => meetRequest(prisma, id, request),

    requestPause: (projectId: string, id: string) => requestPause(prisma, projectId, id),

    resume: (projectId: string, id: string, options: ResumeOptions = {}) => resumeJob(prisma, projectId, id, options),
  };
}

function assertAllowed(from: JobStatus[], to: JobStatus): void {
  const forbidden = from.find((status) => !JOB_TRANSITIONS[status].includes(to));
  if (forbidden !== undefined) throw new StatusConflictError(`A training job never goes from ${forbidden} to ${to}.`);
}
