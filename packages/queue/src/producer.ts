// Adds jobs to their queues. The database's id is the queue's id, so sending twice has the effect of sending once.
import { setTimeout as sleep } from 'node:timers/promises';
import { type BackendQueue, openQueue, type QueueConnection } from './backends.ts';
import { catalog, type JobName, jobNames, type JobPayload, parsePayload } from './catalog.ts';
import type { Logger } from './logger.ts';

/** Milliseconds that an earlier run with the same id may need to leave the queue after its row was finished. */
const leaveQueueMs = 5_000;

const countedStates = ['waiting', 'prioritized', 'active', 'delayed', 'failed'] as const;

const STATES_THAT_LEAD_ON: unknown[] = ['waiting', 'prioritized', 'active', 'delayed', 'waiting-children'];

export interface JobQueues {
  /** Adds jobs in this order. When it throws, some may have been added. */
  enqueue<Name extends JobName>(name: Name, jobs: { id: string; payload: JobPayload<Name> }[]): Promise<void>;
  /** Number of jobs that the queue accepts before its window is full. */
  room(name: JobName): Promise<number>;
  /** Number of jobs in each queue, by state. */
  counts(): Promise<{ queue: JobName; state: string; count: number }[]>;
  /** Whether the queue contains the job, waiting or active. */
  has(name: JobName, id: string): Promise<boolean>;
  /** Repeats a job at an interval, once for all processes that request it. */
  repeat<Name extends JobName>(name: Name, everyMs: number, payload: JobPayload<Name>): Promise<void>;
  /** BullMQ's own queues, for metrics. */
  backends(): BackendQueue[];
  /** Throws if the queue cannot be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export async function createQueues(connection: QueueConnection, log: Logger): Promise<JobQueues> {
  const queues = {} as Record<JobName, BackendQueue>;
  for (const name of jobNames) {
    queues[name] = openQueue(connection, name, { defaultJobOptions: jobOptions(name) });
    queues[name].on('error', (error) => log.error({ err: error, queue: name }, 'the connection to the queue failed; it is opened again'));
    await queues[name].waitUntilReady();
  }
  return {
    async enqueue(name, jobs) {
      const checked = jobs.map(({ id, payload }) => ({ name, data: parsePayload(name, payload), opts: { jobId: id } }));
      await Promise.all(jobs.map(({ id }) => waitUntilNotActive(queues[name], id)));
      await queues[name].addBulk(checked);
    },
    async room(name) {
      const { waiting = 0, prioritized = 0, delayed = 0 } = await queues[name].getJobCounts('waiting', 'prioritized', 'delayed');
      return catalog[name].window - waiting - prioritized - (catalog[name].delayedFillWindow ? delayed : 0);
    },
    async counts() {
      const byQueue = await Promise.all(jobNames.map((name) => queues[name].getJobCounts(...countedStates)));
      return jobNames.flatMap((queue, index) => Object.entries(byQueue[index] ?? {}).map(([state, count]) => ({ queue, state, count })));
    },
    async has(name, id) {
      const job = await queues[name].getJob(id);
      return job !== undefined && STATES_THAT_LEAD_ON.includes(await job.getState());
    },
    async repeat(name, everyMs, payload) {
      // Setting it again would postpone the next run.
      if ((await queues[name].getJobScheduler(name))?.every === everyMs) return;
      await queues[name].upsertJobScheduler(name, { every: everyMs }, { name, data: parsePayload(name, payload) });
    },
    backends: () => jobNames.map((name) => queues[name]),
    async ping() {
      await Promise.all(jobNames.map((name) => queues[name].getJobCounts('waiting')));
    },
    async close() {
      await Promise.all(jobNames.map((name) => queues[name].close()));
    },
  };
}

/** Options of a job. The queue forgets a finished job, whose result is in the database; this frees its id for a resume. */
function jobOptions(name: JobName) {
  const { attempts, backoffMs } = catalog[name];
  return { attempts, backoff: { type: 'exponential', delay: backoffMs }, removeOnComplete: true, removeOnFail: true };
}

/**
 * Waits while a job with this id is active: it is the same message sent twice, or a run about to leave the queue, and adding it now would
 * have no effect.
 */
async function waitUntilNotActive(queue: BackendQueue, id: string): Promise<void> {
  const end = Date.now() + leaveQueueMs;
  while (Date.now() < end) {
    const job = await queue.getJob(id);
    if (!job || (await job.getState()) !== 'active') return;
    await sleep(100);
  }
}
