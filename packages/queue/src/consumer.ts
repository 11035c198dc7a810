// Takes jobs from a queue and runs a handler on each, with a timeout, retries and an orderly shutdown.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Metrics } from '@styleforge/telemetry';
import { DelayedError, type Job, UnrecoverableError, WaitingError } from 'bullmq';
import { type BackendWorker, openWorker, type QueueConnection } from './backends.ts';
import { catalog, type JobName, type JobPayload, parsePayload } from './catalog.ts';
import { observeAttempt } from './job-telemetry.ts';
import type { Logger } from './logger.ts';

/** Thrown by a handler if another attempt cannot help, as for bad input or cancellation. */
export class PermanentJobError extends Error {
  override name = 'PermanentJobError';
}

/** Why a running job must stop: the reason of its abort signal. */
export type StopReason = 'timeout' | 'lock-lost' | 'shutdown';
/**
 * Result of a handler. `handed-back`: the job continues elsewhere from where it stopped, and the attempt does not count. `again`: it
 * continues after a pause; the handler decides how often.
 */
export type JobOutcome = 'finished' | 'handed-back' | 'again';

/** Services that the handler needs in addition to the queue. */
export interface Dependencies {
  /** Whether an error means that one of them is unavailable, and not that the job failed. */
  isAway(error: unknown): boolean;
  /** Throws while one of them is unavailable. */
  check(): Promise<void>;
}

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
  /** Services that the jobs need. Default: every error counts as an error of the job. */
  dependencies?: Dependencies;
  handle(payload: JobPayload<Name>, context: JobContext): Promise<JobOutcome>;
}

export interface Consumer {
  /** The jobs that are running, oldest first. */
  running(): { id: string; since: Date }[];
  /** While on, no further jobs are taken; running ones continue. */
  drain(on: boolean): Promise<void>;
  /** Stops taking jobs, tells running ones to stop, and waits for them until the deadline. */
  close(deadlineMs: number): Promise<void>;
}

interface ConsumerState {
  worker?: BackendWorker;
  /** Whether a dependency is unavailable, so that no jobs are taken. */
  paused: boolean;
  /** Whether the worker is being drained, so that no jobs are taken. */
  draining: boolean;
  running: Map<string, RunningJob>;
  stopping: boolean;
}

interface RunningJob {
  since: Date;
  controller: AbortController;
  /** Resolves when the job has left this worker for any reason. */
  ended: Promise<void>;
}

/** Milliseconds of a lock. The death of a worker is noticed after its lock has expired, at the next check: within twenty seconds. */
const lockDuration = 12_000;
const stalledInterval = 4_000;
/** No limit to the number of workers that die with a job: its row counts them. */
const anyStalledCount = 1_000_000;
/** Milliseconds between a dependency's failure and the job's next attempt, on any worker. */
const awayDelayMs = 5_000;
const checkEveryMs = 2_000;

export async function createConsumer<Name extends JobName>(connection: QueueConnection, options: ConsumerOptions<Name>): Promise<Consumer> {
  const { name, log } = options;
  const state: ConsumerState = { running: new Map(), stopping: false, paused: false, draining: false };
  const worker = openWorker(connection, name, (job, token) => runJob(options, state, job, token), {
    concurrency: options.concurrency,
    lockDuration,
    stalledInterval,
    maxStalledCount: anyStalledCount,
  });
  state.worker = worker;
  worker.on('error', (error) =>
    log.error({ err: error, queue: name }, 'the connection of the consumer to the queue failed; it is opened again'),
  );
  worker.on('stalled', (id) => log.warn({ queue: name, jobId: id }, 'a worker died during this job; it goes back into the queue'));
  worker.on('lockRenewalFailed', (ids) => ids.forEach((id) => state.running.get(id)?.controller.abort('lock-lost' satisfies StopReason)));
  await worker.waitUntilReady();
  return {
    running: () => [...state.running].map(([id, { since }]) => ({ id, since })),
    drain: (on) => setDraining(worker, state, on),
    close: (deadlineMs) => closeWorker(worker, state, deadlineMs, log),
  };
}

async function setDraining(worker: BackendWorker, state: ConsumerState, on: boolean): Promise<void> {
  if (state.draining === on || state.stopping) return;
  state.draining = on;
  if (on) await worker.pause(true);
  else if (!state.paused) await worker.resume();
}

async function runJob<Name extends JobName>(
  options: ConsumerOptions<Name>,
  state: ConsumerState,
  job: Job,
  token: string | undefined,
): Promise<void> {
  // A pending fetch can still bring a job, even the one that was just handed back.
  if (state.stopping || state.draining) return handBack(job, token);
  const id = job.id ?? '';
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort('timeout' satisfies StopReason), catalog[options.name].timeoutMs);
  let end: () => void = () => undefined;
  state.running.set(id, { since: new Date(), controller, ended: new Promise((done) => (end = done)) });
  try {
    const outcome = await handle(options, job, controller.signal);
    if (outcome === 'again') await handBackLater(job, token, 2 * catalog[options.name].backoffMs);
    if (outcome === 'handed-back') await handBack(job, token);
  } catch (error) {
    if (!isDisruption(error, controller.signal, options)) throw error;
    void pauseWhileAway(options, state);
    await handBackLater(job, token, awayDelayMs);
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

async function handBackLater(job: Job, token: string | undefined, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + delayMs, token);
  throw new DelayedError();
}

/** Whether the job was interrupted by an unavailable dependency or queue, and did not fail. */
function isDisruption<Name extends JobName>(error: unknown, signal: AbortSignal, { dependencies }: ConsumerOptions<Name>): boolean {
  if (error instanceof DelayedError || error instanceof WaitingError) return false;
  return dependencies !== undefined && (dependencies.isAway(error) || signal.reason === ('lock-lost' satisfies StopReason));
}

/** Takes no jobs until all dependencies are available. */
async function pauseWhileAway<Name extends JobName>(
  { name, log, dependencies }: ConsumerOptions<Name>,
  state: ConsumerState,
): Promise<void> {
  if (state.paused || state.stopping || !state.worker || !dependencies) return;
  state.paused = true;
  try {
    await state.worker.pause(true);
    for (let error = await trouble(dependencies); error !== undefined && !state.stopping; error = await trouble(dependencies)) {
      log.warn({ err: error, queue: name }, 'a dependency is unavailable; no jobs are taken until it is back');
      await sleep(checkEveryMs, undefined, { ref: false });
    }
    if (!state.stopping && !state.draining) await state.worker.resume();
  } catch (error) {
    log.error(
      { err: error, queue: name },
      'the consumer could not be paused while a dependency is unavailable; jobs that it takes are handed back',
    );
  } finally {
    state.paused = false;
  }
}

const trouble = (dependencies: Dependencies): Promise<unknown> =>
  dependencies.check().then(
    () => undefined,
    (error: unknown) => error ?? new Error('away'),
  );

async function handle<Name extends JobName>(options: ConsumerOptions<Name>, job: Job, signal: AbortSignal): Promise<JobOutcome> {
  const attempt = job.attemptsMade + 1;
  const context = { id: job.id ?? '', attempt, isLastAttempt: attempt >= catalog[options.name].attempts, signal };
  try {
    const payload = payloadOf(options.name, job);
    return await observeAttempt({ job, queue: options.name, origin: payload.origin, metrics: options.metrics }, () =>
      options.handle(payload, context),
    );
  } catch (error) {
    if (isDisruption(error, signal, options)) {
      options.log.warn(
        { err: error, queue: options.name, jobId: job.id },
        'a dependency is unavailable; the job continues later, and the attempt does not count',
      );
      throw error;
    }
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

/** Closes a worker within the deadline. BullMQ's own close() waits forever, so the worker is paused and the waiting is done here. */
async function closeWorker(worker: BackendWorker, state: ConsumerState, deadlineMs: number, log: Logger): Promise<void> {
  const { running } = state;
  state.stopping = true;
  await worker.pause(true);
  for (const { controller } of running.values()) controller.abort('shutdown' satisfies StopReason);
  const allEnded = Promise.all([...running.values()].map(({ ended }) => ended)).then(() => 'ended' as const);
  const result = await Promise.race([allEnded, sleep(deadlineMs, 'late' as const, { ref: false })]);
  if (result === 'late') log.warn({ jobs: [...running.keys()] }, 'jobs did not stop in time; another worker will continue them');
  await worker.close(result === 'late');
}
