// Takes jobs from a queue and runs a handler on each, with a timeout, retries and an orderly end.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Metrics } from '@styleforge/telemetry';
import { type Job, UnrecoverableError, WaitingError } from 'bullmq';
import { type BackendWorker, openWorker, type QueueConnection } from './backends.ts';
import { catalog, type JobName, type JobPayload, parsePayload } from './catalog.ts';
import { observeAttempt } from './job-telemetry.ts';
import type { Logger } from './logger.ts';

/** Thrown by a handler when trying again cannot help: bad input, cancellation. */
export class PermanentJobError extends Error {
  override name = 'PermanentJobError';
}

/** Why a running job is asked to stop: the reason of its abort signal. */
export type StopReason = 'timeout' | 'lock-lost' | 'shutdown';
/** `handed-back`: the job goes on elsewhere, from where it stopped, and this try does not count. */
export type JobOutcome = 'finished' | 'handed-back';

export interface JobContext {
  id: string;
  attempt: number;
  isLastAttempt: boolean;
  /** Aborted with a StopReason. */
  signal: AbortSignal;
}

export interface ConsumerOptions<Name extends JobName> {
  name: Name;
  concurrency: number;
  log: Logger;
  metrics?: Metrics | undefined;
  /** How many workers may die with a job; with one more it is given up. */
  maxStalledCount?: number;
  handle(payload: JobPayload<Name>, context: JobContext): Promise<JobOutcome>;
  /** The queue has given the job up without the handler seeing it: its workers died too often. */
  onAbandoned(payload: JobPayload<Name>, error: Error): Promise<void>;
}

export interface Consumer {
  /** Takes no further jobs, asks running ones to stop, and waits for them until the deadline. */
  close(deadlineMs: number): Promise<void>;
}

interface ConsumerState {
  running: Map<string, RunningJob>;
  stopping: boolean;
}

interface RunningJob {
  controller: AbortController;
  /** Resolves when the job has left this worker, whichever way. */
  ended: Promise<void>;
}

/** A worker that died is noticed after its lock has run out, at the next check: within twenty seconds. */
const lockDuration = 12_000;
const stalledInterval = 4_000;
const usualStalledCount = 5;

export async function createConsumer<Name extends JobName>(connection: QueueConnection, options: ConsumerOptions<Name>): Promise<Consumer> {
  const { name, log, maxStalledCount = usualStalledCount } = options;
  const state: ConsumerState = { running: new Map(), stopping: false };
  const worker = openWorker(connection, name, (job, token) => runJob(options, state, job, token), {
    concurrency: options.concurrency,
    lockDuration,
    stalledInterval,
    maxStalledCount,
  });
  worker.on('error', (error) => log.error({ err: error, queue: name }, 'the queue worker met an error'));
  worker.on('stalled', (id) => log.warn({ queue: name, jobId: id }, 'a worker died with this job; it goes back into the queue'));
  worker.on('lockRenewalFailed', (ids) => ids.forEach((id) => state.running.get(id)?.controller.abort('lock-lost' satisfies StopReason)));
  worker.on('failed', (job, error) => {
    if (job && isAbandoned(job)) void abandon(options, job, error);
  });
  await worker.waitUntilReady();
  return { close: (deadlineMs) => closeWorker(worker, state, deadlineMs, log) };
}

async function runJob<Name extends JobName>(
  options: ConsumerOptions<Name>,
  state: ConsumerState,
  job: Job,
  token: string | undefined,
): Promise<void> {
  // A fetch that was already waiting can bring a job, even the one just handed back.
  if (state.stopping) return handBack(job, token);
  const id = job.id ?? '';
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort('timeout' satisfies StopReason), catalog[options.name].timeoutMs);
  let end: () => void = () => undefined;
  state.running.set(id, { controller, ended: new Promise((done) => (end = done)) });
  try {
    const outcome = await handle(options, job, controller.signal);
    if (outcome === 'finished') return;
    await handBack(job, token);
  } finally {
    clearTimeout(timer);
    state.running.delete(id);
    end();
  }
}

async function handBack(job: Job, token: string | undefined): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}

async function handle<Name extends JobName>(options: ConsumerOptions<Name>, job: Job, signal: AbortSignal): Promise<JobOutcome> {
  const attempt = job.attemptsMade + 1;
  const context = { id: job.id ?? '', attempt, isLastAttempt: attempt >= catalog[options.name].attempts, signal };
  try {
    const payload = payloadOf(options.name, job);
    return await observeAttempt({ job, queue: options.name, origin: payload.origin, metrics: options.metrics }, () =>
      options.handle(payload, context),
    );
  } catch (error) {
    options.log.error({ err: error, queue: options.name, jobId: job.id, attempt }, 'the job failed');
    throw error instanceof PermanentJobError ? new UnrecoverableError(error.message) : error;
  }
}

function payloadOf<Name extends JobName>(name: Name, job: Job): JobPayload<Name> {
  try {
    return parsePayload(name, job.data);
  } catch (error) {
    throw new PermanentJobError(`the payload of ${name} job ${job.id} is malformed: ${String(error)}`);
  }
}

/** BullMQ then fails the job without calling the handler. */
const isAbandoned = (job: Job) => Boolean(job.deferredFailure);

async function abandon<Name extends JobName>(options: ConsumerOptions<Name>, job: Job, error: Error): Promise<void> {
  try {
    await options.onAbandoned(payloadOf(options.name, job), error);
  } catch (cause) {
    options.log.error({ err: cause, queue: options.name, jobId: job.id }, 'an abandoned job could not be marked as failed');
  }
}

/** BullMQ's own close() waits for ever: pause stops the taking of jobs, and the waiting is ours. */
async function closeWorker(worker: BackendWorker, state: ConsumerState, deadlineMs: number, log: Logger): Promise<void> {
  const { running } = state;
  state.stopping = true;
  await worker.pause(true);
  for (const { controller } of running.values()) controller.abort('shutdown' satisfies StopReason);
  const allEnded = Promise.all([...running.values()].map(({ ended }) => ended)).then(() => 'ended' as const);
  const result = await Promise.race([allEnded, sleep(deadlineMs, 'late' as const, { ref: false })]);
  if (result === 'late') log.warn({ jobs: [...running.keys()] }, 'jobs did not stop in time; another worker takes them up');
  await worker.close(result === 'late');
}
