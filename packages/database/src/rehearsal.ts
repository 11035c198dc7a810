// The first submission on a connection takes eight times as long as a later one, because Postgres loads its catalog and plans the
// statements of a function for each connection. All requests that share the statement wait for that. A rehearsal makes a first submission
// on every connection before the requests arrive, and rolls it back.
import type { TrainingConfig } from '@styleforge/contracts';
import type pg from 'pg';
import { newId } from './new-id.ts';
import type { PrismaClient } from './prisma-types.ts';
import { createIdempotencyKeyRepository } from './repositories/access/idempotency-keys.ts';
import { createDatasetRepository } from './repositories/datasets/datasets.ts';
import { createJobCostRepository } from './repositories/training-jobs/job-costs.ts';
import { trainingJobCreator } from './repositories/training-jobs/training-job-creation.ts';
import { trainingJobPoller } from './repositories/training-jobs/training-job-polls.ts';
import { Statements } from './statements.ts';

const LOCK_MS = 60_000;

/** Rehearses on as many connections at a time. Nothing is stored, and nobody is notified. */
export async function rehearse(pool: pg.Pool, prisma: PrismaClient, connections: number): Promise<void> {
  const rehearsals = await Promise.allSettled(
    Array.from({ length: connections }, async () => {
      const client = await pool.connect();
      try {
        await client.query('begin');
        await submit(prisma, new Statements(client));
      } finally {
        // A connection that cannot roll back is closed
        await client.query('rollback').then(
          () => client.release(),
          (error: Error) => client.release(error),
        );
      }
    }),
  );
  for (const rehearsal of rehearsals) if (rehearsal.status === 'rejected') throw rehearsal.reason;
}

/** A submission and a poll of a new project, with the statements of their requests. */
async function submit(prisma: PrismaClient, statements: Statements): Promise<void> {
  const [projectId, datasetId] = [newId('project'), newId('dataset')];
  await statements.run('rehearse_project', "insert into projects (id, name) values ($1, 'rehearsal')", [projectId]);
  await statements.run('rehearse_dataset', "insert into datasets (id, project_id, name, kind) values ($1, $2, 'rehearsal', 'style_ref')", [
    datasetId,
    projectId,
  ]);
  const idempotency = createIdempotencyKeyRepository({ prisma, statements });
  const decision = await idempotency.begin(projectId, 'rehearsal', '', LOCK_MS);
  await createDatasetRepository(prisma, statements).forTraining(projectId, [datasetId]);
  // All that the database reads of a configuration
  const config = { method: 'single-styleforge', base_model: 'rehearsal', style_ref: { dataset_id: datasetId } } as TrainingConfig;
  const job = await trainingJobCreator(prisma, statements)({ projectId, config });
  await createJobCostRepository(prisma, statements).list('rehearsal');
  if (decision.kind === 'run') await idempotency.complete(decision.lock, { status: 202, headers: {}, body: {} });
  if (job !== null) await trainingJobPoller(statements)({ projectId, id: job.id });
}
