// The process that waits for the next training: it runs the training it fits, and nothing is lost when it is gone.
import { createLogger, runInChild, SpareProcess, type Task } from '@styleforge/worker';
import { afterEach, expect, it } from 'vitest';
import { childPids } from './child-pids.ts';

const log = createLogger('silent');
const baseModelDirectory = new URL('../../../models/styleforge-mini', import.meta.url).pathname;
const task: Extract<Task, { kind: 'train' }> = {
  kind: 'train',
  compile: { device: 'cpu' },
  replicas: [],
  baseModelDirectory,
  // The process refuses these settings, which shows that it runs the task.
  config: { version: 'of a later service' },
  styleRef: [],
  aux: null,
  reference: [],
  extractorsDirectory: '',
  workDirectory: '',
  savesMemory: false,
  classImagesDirectory: '',
};
const children = () => childPids('/worker/src/child/main.ts');

let spare = new SpareProcess(log);
afterEach(async () => {
  await spare.close();
  spare = new SpareProcess(log);
  expect(children()).toEqual([]);
});

/** Runs the task; resolves to its error and to the processes that there were when it had started. */
async function run(savesMemory: boolean): Promise<{ error: unknown; pids: number[] }> {
  let pids: number[] = [];
  const onStarted = () => void (pids = children());
  const error = await runInChild({ ...task, savesMemory }, { signal: new AbortController().signal, log, spare, onStarted }).catch(
    (caught: unknown) => caught,
  );
  return { error, pids };
}

it('runs the next training in the waiting process, with the same result', async () => {
  spare.prepare({ savesMemory: false, baseModelDirectory });
  spare.prepare({ savesMemory: false, baseModelDirectory });
  const [waiting, ...others] = children();
  expect(others).toEqual([]);
  const { error, pids } = await run(false);
  expect(pids).toEqual([waiting]);
  expect(error).toMatchObject({
    name: (await run(false).then((fresh) => fresh.error as Error)).name,
    message: expect.stringContaining('version'),
  });
});

it('starts another process for a training that needs another environment', async () => {
  spare.prepare({ savesMemory: true, baseModelDirectory });
  const [waiting] = children();
  const { pids } = await run(false);
  expect(pids).toHaveLength(2);
  expect(pids).toContain(waiting);
  expect(children()).toEqual([waiting]);
  // The latest training says which one the next will need.
  spare.prepare({ savesMemory: false, baseModelDirectory });
  await expect.poll(() => children().includes(waiting ?? 0)).toBe(false);
  expect(children()).toHaveLength(1);
});

it('starts another process if the waiting one is gone, or ends before its task arrives', async () => {
  spare.prepare({ savesMemory: false, baseModelDirectory });
  for (const pid of children()) process.kill(pid, 'SIGKILL');
  const { error } = await run(false);
  expect((error as Error).message).toContain('version');
  spare.prepare({ savesMemory: false, baseModelDirectory });
  for (const pid of children()) process.kill(pid, 'SIGKILL');
  await expect.poll(() => children().length).toBe(0);
  const later = await run(false);
  expect(later.pids).toHaveLength(1);
  expect((later.error as Error).message).toContain('version');
});

it('keeps no process after it is closed', async () => {
  spare.prepare({ savesMemory: false, baseModelDirectory });
  await spare.close();
  spare.prepare({ savesMemory: false, baseModelDirectory });
  expect(children()).toEqual([]);
});
