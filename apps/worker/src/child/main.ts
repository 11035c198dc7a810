// The child process: runs one task on the machine-learning packages, reports to its parent, and never outlives it.
import { checkDevice } from '@styleforge/runtime';
import { type MessageFromChild, messageToChild, type Task } from '../messages.ts';
import { describe, isAbort, send, staysWithParent } from './channel.ts';
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

staysWithParent();
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

async function run(task: Task): Promise<void> {
  try {
    await send(await perform(task));
    process.exit(0);
  } catch (error) {
    await send(isAbort(error, controller.signal) ? { type: 'aborted' } : describe(error));
    process.exit(1);
  }
}

async function perform(task: Task): Promise<MessageFromChild> {
  switch (task.kind) {
    case 'train':
      return train(task, parent);
    case 'check-device':
      await checkDevice(task.device);
      return { type: 'result' };
  }
}
