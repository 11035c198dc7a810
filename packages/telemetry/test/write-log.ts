// Writes lines to a log, the last of them fatal, and reports on standard error that the process is still alive.
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger } from '@styleforge/telemetry';

const log = createLogger({ name: 'test', level: 'info' });
for (let line = 1; line <= 3; line++) {
  log.info({ line }, 'a line');
  await sleep(10);
}
log.fatal('the last line');
await sleep(10);
process.stderr.write('still there');
