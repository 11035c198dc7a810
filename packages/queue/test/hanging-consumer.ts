// Child process of a test: takes a job from each of two queues, reports it, and never finishes it.
import { createConsumer, type JobContext, type QueueConnection } from '@styleforge/queue';

const say = (text: string) => process.stdout.write(`${text}\n`);
const log = { info: () => undefined, warn: () => undefined, error: (fields: object) => console.error(fields) };
const connection = JSON.parse(process.argv[2] ?? '') as QueueConnection;

function hang(_payload: unknown, { id }: JobContext): Promise<never> {
  say(`took ${id}`);
  return new Promise(() => undefined);
}

for (const name of ['generate', 'evaluate'] as const) await createConsumer(connection, { name, concurrency: 1, log, handle: hang });
say('ready');
