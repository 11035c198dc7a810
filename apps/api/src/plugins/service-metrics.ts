// Gauges about the whole service, read from database and queue at each scrape.
import { workerStatusOf } from '@styleforge/contracts';
import type { Database } from '@styleforge/database';
import type { JobQueues } from '@styleforge/queue';
import type { Metrics } from '@styleforge/telemetry';
import { sharedFor } from '../http/shared-for.ts';
import type { ApiServer } from '../http/api-server.ts';
import type { ApiDependencies } from '../dependencies.ts';

/** Minimum time between two readings of the gauges, because anybody may request them and each reading needs queries. */
const GAUGES_MS = 5_000;

export function registerServiceMetrics(app: ApiServer, { metrics, database, queues }: ApiDependencies): void {
  const onError = (error: unknown) =>
    app.log.error({ err: error }, 'the gauges for /metrics could not be read; the next scrape tries again');
  const readDatabase = sharedFor(GAUGES_MS, async () => {
    const counts = await database.operations.countByStatus();
    metrics.reset('styleforge_jobs');
    for (const { kind, status, count } of counts) metrics.set('styleforge_jobs', { kind, status }, count);
    const { outbox, oldestQueued } = await database.operations.backlog();
    metrics.set('styleforge_outbox_messages', {}, outbox.count);
    metrics.set('styleforge_outbox_oldest_seconds', {}, outbox.oldestSeconds);
    metrics.set('styleforge_running_silent_seconds', {}, await database.operations.longestSilence());
    await readWorkers(database, metrics);
    for (const status of DELIVERY_STATUSES) metrics.set('styleforge_webhook_deliveries', { status }, 0);
    for (const { status, count } of await database.operations.recentDeliveries())
      metrics.set('styleforge_webhook_deliveries', { status }, count);
    for (const { queue, seconds } of oldestQueued) metrics.set('styleforge_queue_oldest_seconds', { queue }, seconds);
  });
  metrics.onScrape(readDatabase, onError);
  if (queues)
    metrics.onScrape(
      sharedFor(GAUGES_MS, () => readQueues(queues, metrics)),
      onError,
    );
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    const { open, idle, waiting } = database.connections();
    for (const [state, count] of Object.entries({ open, idle, waiting })) metrics.set('styleforge_database_connections', { state }, count);
    const { contentType, body } = await metrics.scrape();
    return reply.type(contentType).send(body);
  });
}

/** All series, including those at zero: an alert on an absent series would never fire. */
const DELIVERY_STATUSES = ['pending', 'delivered', 'failed'];

const HEARD_WITHIN_MS = 86_400_000;
const COMPUTING_QUEUES = ['train', 'generate', 'evaluate', 'export'];

async function readWorkers(database: Database, metrics: Metrics): Promise<void> {
  const workers = (await database.workers.heardSince(new Date(Date.now() - HEARD_WITHIN_MS))).map((row) => ({
    ...row,
    status: workerStatusOf(row),
  }));
  metrics.reset('styleforge_workers');
  for (const { device, status } of workers) metrics.change('styleforge_workers', { device, status }, 1);
  const takers = workers.filter(({ status }) => status === 'idle' || status === 'working');
  for (const queue of COMPUTING_QUEUES)
    metrics.set('styleforge_queue_workers', { queue }, takers.filter(({ queues }) => queue in queues).length);
}

async function readQueues(queues: JobQueues, metrics: Metrics): Promise<void> {
  for (const { queue, state, count } of await queues.counts()) metrics.set('styleforge_queue_jobs', { queue, state }, count);
}
