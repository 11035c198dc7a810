// A real database with projects and jobs, and the queue on either backend, for tests of the path from a row to a worker.
import { clientOf } from '@styleforge/database/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobPriority } from '@styleforge/contracts';
import type { Database } from '@styleforge/database';
import { createQueues, type JobQueues, type QueueConnection } from '@styleforge/queue';
import {
  hasRedis,
  redisMissing,
  startRedis,
  startTestDatabase,
  type TestDatabase,
  trainingConfig,
  warnNotTested,
} from '@styleforge/testing';

export const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
export const backends = hasRedis ? ['postgres', 'redis'] : ['postgres'];
warnNotTested('the queue on Redis', redisMissing);

export interface QueueFixture {
  database: Database;
  databaseUrl: string;
  connection: QueueConnection;
  queues: JobQueues;
  createProject(settings?: { shareWeight?: number; maxRunningJobs?: number }): Promise<string>;
  createJobs(projectId: string, count: number, priority?: JobPriority): Promise<string[]>;
  close(): Promise<void>;
}

export async function startQueueFixture(backend: string): Promise<QueueFixture> {
  const postgres: TestDatabase = await startTestDatabase();
  const redis = backend === 'redis' ? await startRedis() : undefined;
  const { database, databaseUrl } = postgres;
  const connection: QueueConnection = redis ? { kind: 'redis', redisUrl: redis.redisUrl } : { kind: 'postgres', databaseUrl };
  const queues = await createQueues(connection, quiet);
  const datasets = new Map<string, string>();
  return {
    database,
    databaseUrl,
    connection,
    queues,
    async createProject(settings = {}) {
      const { projectId } = await database.apiKeys.createProject('test');
      await clientOf(database).project.update({ where: { id: projectId }, data: settings });
      datasets.set(projectId, (await database.datasets.create(projectId, { name: 'style', kind: 'style_ref' })).id);
      return projectId;
    },
    async createJobs(projectId, count, priority = 'normal') {
      const ids: string[] = [];
      for (let made = 0; made < count; made++) {
        const job = await database.trainingJobs.create({ projectId, priority, config: trainingConfig(datasets.get(projectId) ?? '') });
        ids.push(job?.id ?? '');
      }
      return ids;
    },
    async close() {
      await queues.close();
      await redis?.stop();
      await postgres.close();
    },
  };
}

export async function until(condition: () => boolean | Promise<boolean>, ms = 120_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('it did not happen in time');
    await sleep(20);
  }
}
