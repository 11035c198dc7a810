// Moves messages from the database's outbox to the queue while it has space: when the database notifies, and by polling.
import { type Database, OUTBOX_CHANNEL, type OutboxMessage } from '@styleforge/database';
import { isJobName, type JobName, jobNames, parsePayload } from './catalog.ts';
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
  /** Limit for projects without their own. */
  maxRunningJobsPerProject?: number | undefined;
  pollMs?: number;
}

/** Queues by the table whose status changes may make space in the queue. */
const topicsOfTables: Readonly<Record<string, JobName>> = { training_jobs: 'train', generations: 'generate', evaluations: 'evaluate' };

export async function startOutboxPublisher(options: OutboxPublisherOptions): Promise<OutboxPublisher> {
  const { database, log, pollMs = 2_000 } = options;
  const due = new Set<JobName>();
  let everythingIsDue = true;
  let stopping = false;
  let wake: () => void = () => undefined;
  const wakeUp = (notification: string) => {
    const topic = topicsOfTables[notification] ?? notification;
    if (isJobName(topic)) due.add(topic);
    else everythingIsDue = true;
    wake();
  };
  const loop = async () => {
    while (!stopping) {
      const topics = everythingIsDue ? jobNames : [...due];
      if (everythingIsDue) await parkUnknown(options);
      everythingIsDue = false;
      due.clear();
      for (const topic of topics) await drain(topic, options, () => stopping);
      if (stopping || everythingIsDue || due.size > 0) continue;
      const timer = setTimeout(wakeUp, pollMs, '');
      await new Promise<void>((done) => (wake = done));
      clearTimeout(timer);
    }
  };
  const listener = await database.listen(OUTBOX_CHANNEL, wakeUp, (error) =>
    log.warn({ err: error }, 'the outbox listener lost its connection; it tries again'),
  );
  const running = loop();
  return {
    async stop() {
      stopping = true;
      wake();
      await running;
      await listener.stop();
    },
  };
}

/** Runs the work of one topic, whose errors do not affect other topics. */
async function attempt(what: string, log: Logger, work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) => log.error({ err: error, what }, 'the outbox could not be published; trying again'));
}

async function parkUnknown({ database, log }: OutboxPublisherOptions): Promise<void> {
  await attempt('unknown topics', log, async () => {
    for (const { topic, key } of await database.outbox.parkUnknown(jobNames)) {
      log.error({ topic, key }, 'the outbox has a message of an unknown topic: it is set aside until a version comes that knows it');
    }
  });
}

async function drain(
  topic: JobName,
  { database, queues, log, maxRunningJobsPerProject }: OutboxPublisherOptions,
  isStopping: () => boolean,
): Promise<void> {
  const release = () =>
    database.outbox.release({
      topic,
      room: () => queues.room(topic),
      publish: (messages) => publish(topic, messages, queues, log),
      maxRunningJobs: maxRunningJobsPerProject ?? null,
    });
  await attempt(topic, log, async () => {
    while (!isStopping() && (await release()) > 0);
  });
}

async function publish(topic: JobName, messages: OutboxMessage[], queues: JobQueues, log: Logger): Promise<Map<bigint, string>> {
  const refused = new Map<bigint, string>();
  const jobs = messages.flatMap(({ id, key, payload, createdAt }) => {
    const checked = checkPayload(topic, payload);
    if (checked.ok) return [{ key, createdAt, payload: checked.payload, origin: checked.payload.origin }];
    refused.set(id, checked.reason);
    log.error({ queue: topic, jobId: key, reason: checked.reason }, 'the outbox has a malformed message: it is set aside');
    return [];
  });
  if (jobs.length === 0) return refused;
  await traceOutbox(topic, jobs, (origins) =>
    queues.enqueue(
      topic,
      jobs.map(({ key, payload }, index) => ({ id: key, payload: { ...payload, origin: origins[index] } })),
    ),
  );
  for (const { key, origin } of jobs) log.info({ queue: topic, jobId: key, requestId: origin?.requestId }, 'published');
  return refused;
}

function checkPayload(topic: JobName, payload: unknown) {
  try {
    return { ok: true as const, payload: parsePayload(topic, payload) };
  } catch (error) {
    return { ok: false as const, reason: `malformed payload: ${(error as Error).message}` };
  }
}
