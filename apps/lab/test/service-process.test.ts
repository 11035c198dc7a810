// A process of the service that dies again and again: started again for as long as a database may take to recover, then given up.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startServiceProcess } from '../src/start/service-process.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-process-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Lives at its first start until it is killed, then dies immediately the given number of times, then lives. */
async function start(name: string, deaths: number) {
  const starts = join(directory, `${name}-starts`);
  const program = join(directory, `${name}.mjs`);
  await writeFile(
    program,
    `import { appendFileSync, readFileSync } from 'node:fs';
     appendFileSync(${JSON.stringify(starts)}, '.');
     const count = readFileSync(${JSON.stringify(starts)}).length;
     process.send('ready');
     if (count > 1 && count <= 1 + ${deaths}) process.exit(1);
     setInterval(() => {}, 1000);`,
  );
  const onGivenUp = vi.fn();
  const running = await startServiceProcess({
    ...{
      name,
      entry: pathToFileURL(program),
      env: {},
      logFile: join(directory, `${name}.log`),
      restartDelayMs: 1,
      stopDeadlineMs: 5_000,
      onGivenUp,
    },
    untilReady: (child) => new Promise((done) => child.once('message', () => done())),
  });
  process.kill(running.pid ?? 0, 'SIGKILL');
  return { running, onGivenUp, started: async () => (await readFile(starts)).length };
}

it('is started again while a database recovers', async () => {
  const { running, onGivenUp, started } = await start('patient', 7);
  await vi.waitFor(async () => expect(await started()).toBe(9), { timeout: 60_000 });
  expect(onGivenUp).not.toHaveBeenCalled();
  await running.stop();
}, 90_000);

it('is not started again if it never becomes ready', async () => {
  const { running, onGivenUp } = await start('hopeless', 1_000);
  await vi.waitFor(() => expect(onGivenUp).toHaveBeenCalledOnce(), { timeout: 60_000 });
  await running.stop();
}, 90_000);
