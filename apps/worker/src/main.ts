// Boots a worker: settings, connections, consumers; and ends it in order when asked to.
import { loadConfig } from '@styleforge/config';
import { createLogger } from './logger.ts';
import { startWorker } from './worker.ts';

const config = loadConfig();
const log = createLogger(config.logLevel);
const worker = await startWorker(config, log).catch((error: unknown) => {
  log.fatal({ err: error }, 'the worker cannot start');
  process.exit(1);
});

let stopping = false;
async function stop(cause: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  log.info({ cause }, 'stopping: running jobs save a checkpoint and go back into the queue');
  await worker.stop(config.worker.graceSeconds * 1_000);
  process.exit(0);
}

function stopOrDie(cause: string): void {
  stop(cause).catch((error: unknown) => {
    log.fatal({ err: error }, 'the worker could not stop in order');
    process.exit(1);
  });
}

process.on('SIGTERM', () => stopOrDie('SIGTERM'));
process.on('SIGINT', () => stopOrDie('SIGINT'));
// For whoever started this process and waits for it.
process.send?.('ready');
