// Every kind of queued job: its payload, how long it may run and how it is retried.
import { origin } from '@styleforge/telemetry';
import { z } from 'zod';

interface JobDefinition {
  payload: z.ZodType;
  timeoutMs: number;
  /** Maximum number of attempts. Bad input and cancellation end a job at once. */
  attempts: number;
  /** Milliseconds before the second attempt; doubled before each further one. */
  backoffMs: number;
  /** Number of jobs that a worker runs at the same time, unless WORKER_QUEUES says otherwise. */
  concurrency: number;
  /** Maximum number of jobs in the queue; the others wait in the outbox, where projects take turns. */
  window: number;
  /**
   * Whether jobs that wait for their next attempt count in the window. Otherwise an outage would move all work into the queue, job by job.
   */
  delayedFillWindow: boolean;
}

const minute = 60_000;
const hour = 60 * minute;

/** Schema of a payload, which always names the request that caused the job. */
const payloadOf = <Shape extends z.ZodRawShape>(shape: Shape) => z.object({ ...shape, origin: origin.optional() });

export const catalog = {
  train: {
    payload: payloadOf({ jobId: z.string() }),
    timeoutMs: 7 * 24 * hour,
    attempts: 5,
    backoffMs: 2_000,
    concurrency: 1,
    window: 1,
    delayedFillWindow: true,
  },
  generate: {
    payload: payloadOf({ generationId: z.string() }),
    timeoutMs: 2 * hour,
    attempts: 3,
    backoffMs: 1_000,
    concurrency: 2,
    window: 4,
    delayedFillWindow: true,
  },
  evaluate: {
    payload: payloadOf({ evaluationId: z.string() }),
    timeoutMs: 3 * 24 * hour,
    attempts: 5,
    backoffMs: 2_000,
    concurrency: 1,
    window: 1,
    delayedFillWindow: true,
  },
  export: {
    payload: payloadOf({ exportId: z.string() }),
    timeoutMs: 6 * hour,
    attempts: 5,
    backoffMs: 2_000,
    concurrency: 1,
    window: 2,
    delayedFillWindow: true,
  },
  // The pauses add up to 23 hours.
  webhook: {
    payload: payloadOf({ deliveryId: z.string() }),
    timeoutMs: 5 * minute,
    attempts: 15,
    backoffMs: 5_000,
    concurrency: 20,
    window: 100,
    // Endpoints that are unavailable for hours must not delay others.
    delayedFillWindow: false,
  },
  sweep: {
    payload: payloadOf({}),
    timeoutMs: 6 * hour,
    attempts: 1,
    backoffMs: minute,
    concurrency: 1,
    window: 1,
    delayedFillWindow: false,
  },
} as const satisfies Record<string, JobDefinition>;

export type JobName = keyof typeof catalog;
export type JobPayload<Name extends JobName> = z.infer<(typeof catalog)[Name]['payload']>;

export const jobNames = Object.keys(catalog) as JobName[];

export function isJobName(name: string): name is JobName {
  return Object.hasOwn(catalog, name);
}

/** Number of jobs of each queue that a worker runs at the same time. Throws for an unknown queue. */
export function queueMix(wanted?: Record<string, number>, usual: Partial<Record<JobName, number>> = {}): Partial<Record<JobName, number>> {
  if (wanted === undefined) return Object.fromEntries(jobNames.map((name) => [name, usual[name] ?? catalog[name].concurrency]));
  const unknown = Object.keys(wanted).find((name) => !isJobName(name));
  if (unknown !== undefined) throw new Error(`WORKER_QUEUES: there is no queue ${unknown}; choose from ${jobNames.join(', ')}`);
  return wanted;
}

export function parsePayload<Name extends JobName>(name: Name, payload: unknown): JobPayload<Name> {
  return catalog[name].payload.parse(payload) as JobPayload<Name>;
}
