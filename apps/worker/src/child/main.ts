// The child process: runs one task on the machine-learning packages, reports to its parent, and never outlives it.
import { createLogger, startTracing, withOrigin, withSpan } from '@styleforge/telemetry';
import { type ChildRequest, type ChildTelemetry, type MessageFromChild, messageToChild, type Task } from '../processes/messages.ts';
import { describe, isAbort, listen, send, staysWithParent } from './channel.ts';
import type { Parent } from './parent.ts';

const controller = new AbortController();
const waiting = new Map<number, () => void>();
let lastNumber = 0;
let requests: ChildRequest[] = [];

const parent: Parent = {
  signal: controller.signal,
  takeRequests() {
    const taken = requests;
    requests = [];
    return taken;
  },
  tell: (message) => send(message),
  async tellAndWait(message) {
    const number = ++lastNumber;
    const saved = new Promise<void>((done) => waiting.set(number, done));
    await send({ ...message, number } as MessageFromChild);
    await saved;
  },
};

staysWithParent();
listen(messageToChild, (message) => {
  switch (message.type) {
    case 'start':
      void send({ type: 'begun' });
      void withOrigin(message.telemetry.origin, () => run(message.task, message.telemetry));
      break;
    case 'prepare':
      void import('./train.ts').then(({ prepare }) => prepare(message.baseModelDirectory));
      break;
    case 'abort':
      controller.abort();
      break;
    case 'request':
      requests.push(message);
      break;
    case 'saved':
      waiting.get(message.number)?.();
      waiting.delete(message.number);
      break;
  }
});

async function run(task: Task, telemetry: ChildTelemetry): Promise<void> {
  const log = createLogger({ name: 'child', level: telemetry.logLevel }).child(telemetry.logBindings);
  const tracing = await startTracing('styleforge-child', telemetry.tracing);
  log.info({ task: task.kind }, 'the child process begins');
  const last = await toItsEnd(task);
  log.info({ task: task.kind, end: last.type, peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024) }, 'the child process ends');
  await tracing.stop();
  await send(last);
  process.exit(last.type === 'result' ? 0 : 1);
}

async function toItsEnd(task: Task): Promise<MessageFromChild> {
  try {
    return await withSpan(`${task.kind} in child`, {}, () => perform(task));
  } catch (error) {
    return isAbort(error, controller.signal) ? { type: 'aborted' } : describe(error);
  }
}

/** Loads only what the task needs, so that its first step starts early. */
async function perform(task: Task): Promise<MessageFromChild> {
  switch (task.kind) {
    case 'train':
      return (await import('./train.ts')).train(task, parent);
    case 'draw':
      return (await import('./draw.ts')).draw(task, parent);
    case 'measure':
      return (await import('./measure.ts')).measure(task, parent);
    case 'score':
      return (await import('./score.ts')).score(task, parent);
    case 'export':
      return (await import('./export.ts')).exportCheckpoint(task);
    case 'check-device':
      return (await import('./check-device.ts')).check(task.device);
  }
}
