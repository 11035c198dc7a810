// Run as a child by the test: takes a generate job, says so, and never finishes it.
import { createConsumer, type QueueConnection } from '@styleforge/queue';

const say = (text: string) => process.stdout.write(`${text}\n`);
const log = { info: () => undefined, warn: () => undefined, error: (fields: object) => console.error(fields) };

await createConsumer(JSON.parse(process.argv[2] ?? '') as QueueConnection, {
  name: 'generate',
  concurrency: 1,
  log,
  handle: (_payload, { id }) => {
    say(`took ${id}`);
    return new Promise(() => undefined);
  },
  onAbandoned: async () => undefined,
});
say('ready');
