// Child process of a test: publishes the outbox, and hangs before or after the queue has a message, to be killed there.
import { createDatabase } from '@styleforge/database';
import { createQueues, type QueueConnection, startOutboxPublisher } from '@styleforge/queue';

const [databaseUrl = '', connection = '', point = ''] = process.argv.slice(2);
const log = { info: () => undefined, warn: () => undefined, error: (fields: object) => console.error(fields) };
const say = (text: string) => process.stdout.write(`${text}\n`);

const queues = await createQueues(JSON.parse(connection) as QueueConnection, log);
const stopping = {
  ...queues,
  enqueue: async (...[name, jobs]: Parameters<typeof queues.enqueue>) => {
    if (point === 'after') await queues.enqueue(name, jobs);
    say(`${point} ${jobs[0]?.id}`);
    return new Promise<void>(() => undefined);
  },
};
await startOutboxPublisher({ database: createDatabase(databaseUrl), queues: stopping, log });
