// Moves messages from the database's outbox to the queue: at once when the database notifies, and by polling in any case.
import pg from 'pg';
import { type Database, OUTBOX_CHANNEL } from '@styleforge/database';
import { isJobName, parsePayload } from './catalog.ts';
import type { Logger } from './logger.ts';
import type { JobQueues } from './producer.ts';

const batchSize = 50;

export interface OutboxPublisher {
  stop(): Promise<void>;
}

export interface OutboxPublisherOptions {
  databaseUrl: string;
  outbox: Database['outbox'];
  queues: JobQueues;
  log: Logger;
  pollMs?: number;
}

export async function startOutboxPublisher(options: OutboxPublisherOptions): Promise<OutboxPublisher> {
  const { log, pollMs = 2_000 } = options;
  let stopping = false;
  let wake: () => void = () => undefined;
  const loop = async () => {
    while (!stopping) {
      const woken = new Promise<void>((done) => (wake = done));
      const timer = setTimeout(wake, pollMs);
      await drain(options, () => stopping).catch((error: unknown) => log.error({ err: error }, 'the outbox could not be published; trying again'));
      if (!stopping) await woken;
      clearTimeout(timer);
    }
  };
  const listener = keepListening(options, () => wake());
  const running = loop();
  await listener.ready;
  return {
    async stop() {
      stopping = true;
      wake();
      await running;
      await listener.stop();
    },
  };
}

async function drain({ outbox, queues, log }: OutboxPublisherOptions, isStopping: () => boolean): Promise<void> {
  let published: number;
  do {
    published = await outbox.publishBatch(batchSize, async (messages) => {
      for (const { topic, key, payload } of messages) {
        if (!isJobName(topic)) throw new Error(`the outbox has a message of the unknown topic ${topic}`);
        await queues.enqueue(topic, key, parsePayload(topic, payload));
        log.info({ queue: topic, jobId: key }, 'published');
      }
    });
  } while (published === batchSize && !isStopping());
}

/** Listens on a connection of its own and makes a new one when it breaks; until then polling carries on. */
function keepListening({ databaseUrl, log }: OutboxPublisherOptions, onMessage: () => void) {
  const retryMs = 1_000;
  let client: pg.Client | undefined;
  let stopped = false;
  let retry: NodeJS.Timeout | undefined;
  const connect = async (): Promise<void> => {
    const next = new pg.Client({ connectionString: databaseUrl, keepAlive: true });
    next.on('notification', onMessage);
    next.on('error', (error) => log.warn({ err: error }, 'the outbox listener lost its connection'));
    next.once('end', () => {
      if (!stopped) retry = setTimeout(() => void connect(), retryMs);
    });
    try {
      await next.connect();
      await next.query(`listen ${OUTBOX_CHANNEL}`);
      client = next;
      onMessage();
    } catch (error) {
      log.warn({ err: error }, 'the outbox listener cannot connect; trying again');
      await next.end();
    }
  };
  const ready = connect();
  return {
    ready,
    async stop() {
      stopped = true;
      clearTimeout(retry);
      await client?.end();
    },
  };
}
