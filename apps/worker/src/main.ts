// Starts a worker: reads settings, opens connections, starts consumers; shuts it down in order on a signal.
import { environmentOf, loadConfig } from '@styleforge/config';
import { createMetrics, secretValues, shutDown, startTracing } from '@styleforge/telemetry';
import { JobLogs } from './job-logs.ts';
import { createLogger } from './logger.ts';
import { startStatusPage } from './status-page.ts';
import { startWorker } from './worker.ts';

const config = loadConfig();
const jobLogs = new JobLogs(secretValues(environmentOf(config)));
const log = createLogger(config.logLevel, jobLogs.take);
const metrics = createMetrics();
const tracing = await startTracing('styleforge-worker', config.operations.tracing);
const { worker, statusPage } = await start().catch((error: unknown) => {
  log.fatal({ err: error }, 'the worker cannot start');
  process.exit(1);
});

async function start() {
  const running = await startWorker(config, log, { metrics, jobLogs });
  return { worker: running, statusPage: await startStatusPage(config, running, { log, metrics }) };
}

let stopping = false;
async function stop(cause: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  log.info({ cause }, 'stopping: running jobs save a checkpoint and go back into the queue');
  const graceMs = config.worker.graceSeconds * 1_000;
  const orderly = await shutDown(
    [
      { name: 'jobs and connections', deadlineMs: graceMs + 5_000, run: () => worker.stop(graceMs) },
      { name: 'status page', deadlineMs: 1_000, run: async () => statusPage?.close() },
      { name: 'traces', deadlineMs: 2_000, run: () => tracing.stop() },
    ],
    log,
  );
  process.exit(orderly ? 0 : 1);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));
// Tells the parent process that this one is ready.
process.send?.('ready');
