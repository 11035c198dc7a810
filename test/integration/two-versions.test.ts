// An upgrade without a pause: a worker of 0.1.0 and one of the present version share the database of 0.1.0, migrated, and its store.
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '@styleforge/database';
import { warnNotTested } from '@styleforge/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkOutWorker, type Release, releaseMissing, restoreRelease } from './earlier-release.ts';
import { TestService } from './service.ts';

const patience = 900_000;
const STEPS = 40;

/** The part of a job's row that this test changes. */
interface EarlierJob {
  id: string;
  config: { hyperparameters: Record<string, unknown> };
}

describe.skipIf(warnNotTested('a worker of 0.1.0 beside one of this version', releaseMissing()))('a worker of each version', () => {
  let release: Release;
  let test: TestService;
  let program: string[];
  let earlier: ChildProcess;

  beforeAll(async () => {
    const restored = await restoreRelease();
    release = restored.release;
    test = await TestService.over(restored.directory, release.apiKey);
    program = await checkOutWorker(join(restored.directory, 'earlier'));
    earlier = await startEarlier();
  }, patience);
  afterAll(() => test.remove());

  const startEarlier = () =>
    test.startWorker(
      { DATA_DIRECTORY: join(test.directory, 'earlier-data'), OBJECT_STORE_DIRECTORY: join(test.directory, 'data/objects') },
      program,
    );

  /**
   * One more job as the API of 0.1.0 has written it: its waiting job again, with more steps. An earlier worker refuses settings that a
   * later API adds.
   */
  async function jobOfEarlierApi(): Promise<string> {
    const client = new pg.Client({ connectionString: test.service.databaseUrl });
    await client.connect();
    const id = newId('trainingJob');
    const row = release.database['training_jobs']!.map((text) => JSON.parse(text) as EarlierJob).find(
      (job) => job.id === release.jobs.queued,
    )!;
    Object.assign(row.config.hyperparameters, { max_train_steps: STEPS, checkpointing_steps: 4, checkpoints_total_limit: 1 });
    // Columns that came later are those of the migrated row.
    await client.query(`insert into training_jobs select (jsonb_populate_record(job, $2)).* from training_jobs job where id = $1`, [
      release.jobs.queued,
      JSON.stringify({ ...row, id, lease_until: null }),
    ]);
    await client.query(
      `insert into outbox (topic, key, payload, project_id) select 'train', id, jsonb_build_object('jobId', id), ` +
        'project_id from training_jobs where id = $1',
      [id],
    );
    await client.end();
    return id;
  }

  const workerOf = async (id: string) => (await test.job(id)).heartbeat?.pid;

  /** The process ids that have sent heartbeats for any of the jobs. */
  async function workersUntilFinished(ids: readonly string[]): Promise<Set<number>> {
    const seen = new Set<number>();
    for (const end = Date.now() + patience; Date.now() < end; await sleep(100)) {
      const jobs = await Promise.all(ids.map((id) => test.job(id)));
      for (const { heartbeat } of jobs) if (heartbeat) seen.add(heartbeat.pid);
      if (jobs.every(({ status }) => ['succeeded', 'failed', 'cancelled'].includes(status))) break;
    }
    return seen;
  }

  it(
    'complete all jobs of 0.1.0 together, both those that ran during the upgrade and later ones',
    async () => {
      // Before either can have finished the waiting job, of which they are copies.
      const jobs = [await jobOfEarlierApi(), await jobOfEarlierApi(), release.jobs.running, release.jobs.queued];
      const workers = await workersUntilFinished(jobs);
      for (const id of jobs) expect(await test.job(id)).toMatchObject({ status: 'succeeded', error: null });
      // a running job keeps the heartbeat of the worker of 0.1.0 that the recording was made with until another takes it over
      expect([...workers]).toEqual(expect.arrayContaining([earlier.pid, test.service.workerPid()]));
    },
    patience,
  );

  it(
    'continue a job of the earlier worker after it is killed, without a gap in the loss curve',
    async () => {
      const jobs = [await jobOfEarlierApi(), await jobOfEarlierApi()];
      let begun: string | undefined;
      for (; begun === undefined; await sleep(50))
        for (const id of jobs) {
          const { status, progress } = await test.job(id);
          if (status === 'running' && progress.step > 5 && (await workerOf(id)) === earlier.pid) begun = id;
        }
      earlier.kill('SIGKILL');
      for (const id of jobs) expect(await test.untilFinished(id, patience)).toMatchObject({ status: 'succeeded' });
      expect(await workerOf(begun)).toBe(test.service.workerPid());
      expect((await test.metrics(begun)).map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
    },
    patience,
  );
});
