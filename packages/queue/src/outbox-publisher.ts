// Moves messages from the database's outbox to the queue, as far as there is room: at once when the database notifies, and by polling in any case.
import { type Database, OUTBOX_CHANNEL, type OutboxMessage } from '@styleforge/database';
import { type JobName, jobNames, parsePayload } from './catalog.ts';
import { traceOutbox } from './job-telemetry.ts';
import type { Logger } from './logger.ts';
import type { JobQueues } from './producer.ts';

export interface OutboxPublisher {
  stop(): Promise<void>;
}

export interface OutboxPublisherOptions {
  database: Pick<Database, 'outbox' | 'listen'>;
  queues: JobQueues;
  log: Logger;
  /** For projects without a number of their own. */
  maxRunningJobsPerProject?: number | undefined;
  pollMs?: number;
}

export async function startOutboxPublisher(options: OutboxPublisherOptions): Promise<OutboxPublisher> {
  const { database, log, pollMs = 2_000 } = options;
  let stopping = false;
  let woken = true;
  let wake: () => void = () => undefined;
  const wakeUp = () => {
    woken = true;
    wake();
  };
  const loop = async () => {
    while (!stopping) {
      woken = false;
      await drain(options, () => stopping);
      if (stopping || woken) continue;
      const timer = setTimeout(wakeUp, pollMs);
      await new Promise<void>((done) => (wake = done));
      clearTimeout(timer);
    }
  };
  const listener = await database.listen(OUTBOX_CHANNEL, wakeUp, (error) => log.warn({ err: error }, 'the outbox listener lost its connection; it tries again'));
  const running = loop();
  return {
    async stop() {
      stopping = true;
      wakeUp();
      await running;
      await listener.stop();
    },
  };
}

/** What goes wrong with one topic holds no other up. */
async function drain(options: OutboxPublisherOptions, isStopping: () => boolean): Promise<void> {
  const { database, log } = options;
  const attempt = async (what: string, work: () => Promise<unknown>) =>
    work().catch((error: unknown) => log.error({ err: error, what }, 'the outbox could not be published; trying again'));
  await attempt('unknown topics', async () => {
    for (const { topic, key } of await database.outbox.parkUnknown(jobNames)) {
      log.error({ topic, key }, 'the outbox has a message of an unknown topic: it is set aside until a version comes that knows it');
    }
  });
  for (const topic of jobNames) {
    await attempt(topic, async () => {
      while (!isStopping() && (await releaseTurns(topic, options)) > 0);
    });
  }
}

async function releaseTurns(topic: JobName, { database, queues, log, maxRunningJobsPerProject }: OutboxPublisherOptions): Promise<number> {
  return database.outbox.release({
    topic,
    room: () => queues.room(topic),
    publish: (messages) => publish(topic, messages, queues, log),
    maxRunningJobs: maxRunningJobsPerProject ?? null,
  });
}

async function publish(topic: JobName, messages: OutboxMessage[], queues: JobQueues, log: Logger): Promise<Map<bigint, string>> {
  const refused = new Map<bigint, string>();
  for (const { id, key, payload, createdAt } of messages) {
    const checked = checkPayload(topic, payload);
    if (checked.ok) {
      const { origin } = checked.payload;
      await traceOutbox(topic, { key, createdAt, origin }, (from) => queues.enqueue(topic, key, { ...checked.payload, origin: from }));
      log.info({ queue: topic, jobId: key, requestId: origin?.requestId }, 'published');
    } else {
      refused.set(id, checked.reason);
      log.error({ queue: topic, jobId: key, reason: checked.reason }, 'the outbox has a malformed message: it is set aside');
    }
  }
  return refused;
}

function checkPayload(topic: JobName, payload: unknown) {
  try {
    return { ok: true as const, payload: parsePayload(topic, payload) };
  } catch (error) {
    return { ok: false as const, reason: `malformed payload: ${(error as Error).message}` };
  }
}
