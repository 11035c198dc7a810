// The workers of an installation, as the API shows them.
import { z } from 'zod';
import { workerId } from '../common/ids.ts';
import { pageOf, pageQuery, timestamp } from '../common/pages.ts';

/** Seconds of silence after which a worker counts as lost; workers update their rows every few seconds. */
export const WORKER_SILENT_SECONDS = 30;

export const WORKER_STATUSES = ['idle', 'working', 'draining', 'drained', 'stopping', 'stopped', 'lost'] as const;
export type WorkerStatus = (typeof WORKER_STATUSES)[number];
/** Statuses of workers whose process is alive. */
export const LIVE_WORKER_STATUSES = ['idle', 'working', 'draining', 'drained', 'stopping'] as const satisfies readonly WorkerStatus[];

/** The `worker.*` events. A worker that becomes busy or idle causes no event. */
export const WORKER_EVENTS = [
  'worker.online',
  'worker.draining',
  'worker.drained',
  'worker.stopping',
  'worker.stopped',
  'worker.lost',
] as const;

export interface WorkerSigns {
  lastSeenAt: Date;
  drainRequestedAt: Date | null;
  stoppingAt: Date | null;
  stoppedAt: Date | null;
  running: readonly unknown[];
}

export function workerStatusOf(signs: WorkerSigns, now = Date.now()): WorkerStatus {
  if (signs.stoppedAt !== null) return 'stopped';
  if (now - signs.lastSeenAt.getTime() > WORKER_SILENT_SECONDS * 1000) return 'lost';
  if (signs.stoppingAt !== null) return 'stopping';
  const isBusy = signs.running.length > 0;
  if (signs.drainRequestedAt !== null) return isBusy ? 'draining' : 'drained';
  return isBusy ? 'working' : 'idle';
}

export const workerStatus = z.enum(WORKER_STATUSES).meta({
  id: 'WorkerStatus',
  description:
    '`draining`: finishes its jobs and takes no further ones; `drained`: has no jobs left; `stopping`: its ' +
    'process is stopping; `lost`: has not updated its state for 30 seconds, and has not stopped in order',
});

const workerJob = z.object({
  queue: z.string(),
  id: z
    .string()
    .nullable()
    .describe('The training job, generation or evaluation; null for work of other projects and of the service itself'),
  since: timestamp,
});

const cardReading = z
  .object({
    temperature_celsius: z.number().nullable().describe('Temperature of the chip'),
    load_percent: z.number().nullable().describe('Share of the last second or less in which the card computed'),
    power_watts: z.number().nullable().describe('Power that the whole card takes'),
    memory_used_bytes: z.int().nullable().describe('Memory that all processes on the card use'),
  })
  .meta({ id: 'CardReading', description: 'What nvidia-smi has read last; null for what the card does not report' });
export type CardReadingBody = z.infer<typeof cardReading>;

export const worker = z
  .object({
    id: workerId,
    status: workerStatus,
    host: z.string().describe('Name of the machine'),
    pid: z.int().describe('Process id of the worker on that machine'),
    device: z.object({
      kind: z.string().describe('`cpu`, `webgpu` or `cuda`'),
      name: z.string().nullable().describe('Name of the processor or of the graphics card; null if the driver does not name it'),
      memory_bytes: z.int().nullable().describe('Memory of the graphics card, or of the machine for `cpu`'),
      cards: z
        .array(cardReading)
        .nullable()
        .describe(
          "Its graphics cards, in the order of the worker's devices; null without `nvidia-smi`, and when the worker has stopped or is lost",
        ),
    }),
    versions: z.object({ styleforge: z.string(), node: z.string(), platform: z.string() }),
    queues: z.record(z.string(), z.int()).describe('Queues that it serves, with the number of jobs at the same time'),
    jobs: z.array(workerJob).describe('Its current work'),
    started_at: timestamp,
    last_seen_at: timestamp,
    drain_requested_at: timestamp.nullable(),
    stopped_at: timestamp.nullable(),
  })
  .meta({ id: 'Worker' });
export type WorkerBody = z.infer<typeof worker>;

export const workerPage = pageOf(worker, 'WorkerPage');

export const workerQuery = pageQuery(workerId).extend({
  gone: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')
    .describe('`true` also lists workers that have stopped in the last seven days'),
});
