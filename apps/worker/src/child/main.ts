// The child process: runs one task on the machine-learning packages, reports to its parent, and never outlives it.
import { checkDevice } from '@styleforge/runtime';
import { type MessageFromChild, messageToChild, type Task } from '../messages.ts';
import { generate } from './generate.ts';
import type { Parent } from './parent.ts';
import { train } from './train.ts';

const controller = new AbortController();
const waiting = new Map<number, () => void>();
let lastNumber = 0;

const parent: Parent = {
  signal: controller.signal,
  tell: (message) => send(message),
  async tellAndWait(message) {
    const number = ++lastNumber;
    const saved = new Promise<void>((done) => waiting.set(number, done));
    await send({ ...message, number } as MessageFromChild);
    await saved;
  },
};

process.on('disconnect', () => process.exit(1));
process.on('message', (received) => {
  const message = messageToChild.parse(received);
  switch (message.type) {
    case 'start':
      void run(message.task);
      break;
    case 'abort':
      controller.abort();
      break;
    case 'saved':
      waiting.get(message.number)?.();
      waiting.delete(message.number);
      break;
  }
});
// Ctrl-C in a terminal reaches the whole group; the parent decides what becomes of this process.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

async function run(task: Task): Promise<void> {
  try {
    await send(await perform(task));
    process.exit(0);
  } catch (error) {
    await send(controller.signal.aborted && isAbort(error) ? { type: 'aborted' } : describe(error));
    process.exit(1);
  }
}

async function perform(task: Task): Promise<MessageFromChild> {
  switch (task.kind) {
    case 'train':
      return train(task, parent);
    case 'generate':
      return generate(task, parent);
    case 'check-device':
      await checkDevice(task.device);
      return { type: 'result' };
  }
}

function send(message: MessageFromChild): Promise<void> {
  return new Promise((done, fail) => {
    process.send?.(message, undefined, undefined, (error) => (error ? fail(error) : done()));
  });
}

const isAbort = (error: unknown) => error === controller.signal.reason || (error instanceof Error && error.name === 'AbortError');

function describe(error: unknown): MessageFromChild {
  if (!(error instanceof Error)) return { type: 'error', name: 'Error', message: String(error) };
  const { code } = error as NodeJS.ErrnoException;
  return { type: 'error', name: error.name, message: error.message, ...(code && { code }), ...(error.stack && { stack: error.stack }) };
}
