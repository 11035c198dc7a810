// Puts stranded work back into the outbox: unfinished work without a message, an entry in its queue, or a live worker.
import type { Database, UnheldWork, WorkTopic } from '@styleforge/database';
import type { Metrics } from '@styleforge/telemetry';
import type { Logger } from './logger.ts';
import type { JobQueues } from './producer.ts';

export interface RescuerOptions {
  database: Pick<Database, 'stranded' | 'exclusively'>;
  queues: Pick<JobQueues, 'has'>;
  log: Logger;
  metrics?: Metrics | undefined;
  everyMs?: number;
  /** Minimum milliseconds since the last change, because newer work may be on its way. */
  olderThanMs?: number;
  /** Called in each round, for example because a queue that came back empty has lost its schedules. */
  alsoEachRound?(): Promise<void>;
}

export interface Rescuer {
  stop(): Promise<void>;
}

const topics: readonly WorkTopic[] = ['train', 'generate', 'evaluate', 'webhook', 'export'];
const everyMs = 30_000;
export const STRANDED_AFTER_MS = 60_000;
const batch = 500;

/** Finds unfinished work that is neither in the outbox nor in the queue nor with a live worker. */
export async function findStranded(
  { database, queues }: Pick<RescuerOptions, 'database' | 'queues'>,
  olderThanMs = STRANDED_AFTER_MS,
): Promise<UnheldWork[]> {
  const stranded: UnheldWork[] = [];
  for (const topic of topics) {
    for (const work of await database.stranded.unheld(topic, olderThanMs, batch)) {
      if (!(await queues.has(topic, work.id))) stranded.push(work);
    }
  }
  return stranded;
}

/** Runs one round. Returns the number of rows that were put back; undefined if another process runs one. */
export async function rescue(options: RescuerOptions): Promise<number | undefined> {
  const { database, log, metrics, olderThanMs = STRANDED_AFTER_MS } = options;
  return database.exclusively('rescue', async () => {
    await options.alsoEachRound?.();
    const stranded = await findStranded(options, olderThanMs);
    let count = 0;
    for (const topic of topics) {
      const ids = stranded.filter((work) => work.topic === topic).map(({ id }) => id);
      metrics?.set('styleforge_stranded', { queue: topic }, ids.length);
      const rescued = await database.stranded.putBack(topic, ids, olderThanMs);
      if (rescued > 0) log.warn({ queue: topic, jobs: ids }, 'stranded work goes back into the outbox');
      count += rescued;
    }
    return count;
  });
}

/** Starts rounds. Every worker runs a rescuer, and one of them works at a time. */
export function startRescuer(options: RescuerOptions): Rescuer {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> = Promise.resolve();
  const run = async (): Promise<void> => {
    try {
      await rescue(options);
    } catch (error) {
      options.log.warn({ err: error }, 'stranded work could not be searched for; trying again');
    }
  };
  for (const topic of topics) options.metrics?.set('styleforge_stranded', { queue: topic }, 0);
  const schedule = (): void => {
    if (!stopped) timer = setTimeout(() => void (round = run().finally(schedule)), options.everyMs ?? everyMs);
  };
  schedule();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await round;
    },
  };
}
