// Runs the sweep of an idle stack with a clock hours ahead, and checks that it removes what crashes left, and nothing else.
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { forkTypeScript } from '@styleforge/launch';
import { createClock } from './clock.ts';
import type { ChaosStack } from './stack.ts';

interface Swept {
  objectsWithoutRow: number;
  rowsWithoutObject: number;
}

const worker = new URL('../../../worker/src/main.ts', import.meta.url);
/** Generous, because an overloaded machine takes minutes to start a worker, and speed is not tested here. */
const patienceMs = 900_000;
const HOUR = 3_600;
let sweeps = 0;

/**
 * One sentence for each fault that a sweep leaves or finds. The first sweep runs after the minimum age, and may find objects without rows;
 * rows without objects are always lost work.
 */
export async function sweepViolations(stack: ChaosStack): Promise<string[]> {
  const first = await sweep(stack, 2 * HOUR);
  const second = await sweep(stack, 4 * HOUR);
  return [
    ...(first.rowsWithoutObject > 0 ? [`${first.rowsWithoutObject} rows have no object`] : []),
    ...(second.objectsWithoutRow > 0 ? [`${second.objectsWithoutRow} objects have no row after a sweep`] : []),
    ...(second.rowsWithoutObject > first.rowsWithoutObject ? ['the sweep has removed objects that have a row'] : []),
  ];
}

/** Sweeps with a worker that serves nothing else, and whose clock is ahead. */
async function sweep(stack: ChaosStack, aheadSeconds: number): Promise<Swept> {
  const number = (sweeps += 1);
  const clock = await createClock(join(stack.directory, 'clock', `sweep-${number}`), aheadSeconds);
  const path = join(stack.directory, `sweep-${number}.log`);
  const log = await open(path, 'w');
  // A changed interval starts the next sweep immediately.
  const settings = { WORKER_QUEUES: 'sweep:1', SWEEP_MINUTES: String(600 + number), ORPHAN_GRACE_HOURS: '1', LOG_LEVEL: 'info' };
  const child = forkTypeScript(worker, [], {
    env: { ...stack.environment, ...clock.environment, ...settings },
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
  });
  try {
    return await untilSwept(path);
  } finally {
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await ended;
    await log.close();
  }
}

async function untilSwept(path: string): Promise<Swept> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.startsWith('{'));
    const swept = lines.map((line) => JSON.parse(line) as Swept & { msg: string }).find(({ msg }) => msg === 'sweep: removed');
    if (swept) return swept;
    if (Date.now() > end) throw new Error(`no sweep came to its end; its log ends with ${lines.slice(-3).join('\n')}`);
    await sleep(200);
  }
}
