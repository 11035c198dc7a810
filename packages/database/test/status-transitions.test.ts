// The transitions in the contracts equal those that the database enforces, and no sequence of calls leaves them.
import { clientOf } from '@styleforge/database/testing';
import fc from 'fast-check';
import {
  ACTIVE_JOB_STATUSES,
  EXPORT_TRANSITIONS,
  GENERATION_STATUSES,
  GENERATION_TRANSITIONS,
  JOB_STATUSES,
  JOB_TRANSITIONS,
  type JobStatus,
} from '@styleforge/contracts';
import { newId, StaleAttemptError, StatusConflictError } from '@styleforge/database';
import type { TestDatabase } from '@styleforge/testing';
import { trainingConfig } from '@styleforge/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProjectFixture } from './project-fixture.ts';

let fixture: TestDatabase;
let projectId: string;
let datasetId: string;
beforeAll(async () => {
  ({ fixture, projectId, datasetId } = await startProjectFixture());
});
afterAll(() => fixture.close());

const jobs = () => fixture.database.trainingJobs;

async function createJob(): Promise<string> {
  return (await jobs().create({ projectId, config: trainingConfig(datasetId) }))?.id ?? '';
}

const TABLES = {
  training_jobs: JOB_TRANSITIONS,
  generations: GENERATION_TRANSITIONS,
  evaluations: GENERATION_TRANSITIONS,
  exports: EXPORT_TRANSITIONS,
};

const setRaw = (id: string, status: string, table: keyof typeof TABLES = 'training_jobs') =>
  clientOf(fixture.database).$executeRawUnsafe(`update ${table} set status = $1 where id = $2`, status, id);

/** A path through the table from `queued`. */
function pathTo<Status extends string>(wanted: Status, table: Record<Status, readonly Status[]>): Status[] {
  const paths: Status[][] = [['queued' as Status]];
  for (const path of paths) {
    const last = path.at(-1) as Status;
    if (last === wanted) return path.slice(1);
    if (path.length < Object.keys(table).length) paths.push(...table[last].map((next) => [...path, next]));
  }
  throw new Error(`no way leads to ${wanted}`);
}

describe('the database', () => {
  it('has the same table of transitions as the contracts', async () => {
    const rows = await clientOf(fixture.database).statusTransition.findMany();
    const expected = Object.entries(TABLES).flatMap(([subject, table]) =>
      Object.entries(table).flatMap(([from, next]) => next.map((to) => `${subject} ${from} ${to}`)),
    );
    expect(rows.map(({ subject, from, to }) => `${subject} ${from} ${to}`).sort()).toEqual(expected.sort());
  });

  it.each(JOB_STATUSES)('changes the status of a job from %s only as the table allows, for every caller', async (from) => {
    for (const to of JOB_STATUSES.filter((status) => status !== from)) {
      const id = await createJob();
      for (const status of pathTo(from, JOB_TRANSITIONS)) await setRaw(id, status);
      if (JOB_TRANSITIONS[from].includes(to)) await setRaw(id, to);
      else await expect(setRaw(id, to)).rejects.toThrow(`never goes from ${from} to ${to}`);
    }
  });

  it.each(['generations', 'evaluations'] as const)('changes the status of %s only as the table allows, for every caller', async (table) => {
    const create = async (status: string) => {
      const data = { id: newId('generation'), projectId, status, config: {} };
      return (
        table === 'generations'
          ? await clientOf(fixture.database).generation.create({ data })
          : await clientOf(fixture.database).evaluation.create({ data })
      ).id;
    };
    for (const from of GENERATION_STATUSES) {
      for (const to of GENERATION_STATUSES.filter((status) => status !== from)) {
        const id = await create('queued');
        for (const status of pathTo(from, GENERATION_TRANSITIONS)) await setRaw(id, status, table);
        if (GENERATION_TRANSITIONS[from].includes(to)) await setRaw(id, to, table);
        else await expect(setRaw(id, to, table)).rejects.toThrow(`never goes from ${from} to ${to}`);
      }
    }
    await expect(create('running')).rejects.toThrow('a new row is queued, not running');
  });

  it('refuses a new job that is not queued, and a status that is not in the table', async () => {
    const id = await createJob();
    await expect(setRaw(id, 'sleeping')).rejects.toThrow('never goes from queued to sleeping');
    const insert = clientOf(fixture.database).trainingJob.create({
      data: { id: 'job_x', projectId, status: 'running', method: 'dreambooth', baseModel: 'x', config: {} },
    });
    await expect(insert).rejects.toThrow('a new row is queued, not running');
  });
});

type Call =
  | 'claim'
  | 'start'
  | 'cancel'
  | 'pause'
  | 'resume'
  | 'progress'
  | 'cancelled'
  | 'paused'
  | 'evaluating'
  | 'succeeded'
  | 'failed'
  | 'abandoned';
const CALLS: Call[] = [
  'claim',
  'start',
  'cancel',
  'pause',
  'resume',
  'progress',
  'cancelled',
  'paused',
  'evaluating',
  'succeeded',
  'failed',
  'abandoned',
];
const progress = {
  step: 1,
  of: 10,
  loss: 1,
  style_ref_loss: 1,
  aux_loss: null,
  grad_norm: 1,
  learning_rate: 1,
  samples_per_second: 1,
  eta_seconds: 1,
};
const failure = { code: 'internal_error' as const, message: 'x', retryable: true };

/** Calls of API and worker, at any time and in any order; `attempt` is the one that the caller believes to hold. */
async function perform(call: Call, id: string, attempt: number): Promise<void> {
  switch (call) {
    case 'claim':
      return void (await jobs().claim(id));
    case 'start':
      return jobs().start(id, attempt);
    case 'cancel':
      return void (await jobs().requestCancel(projectId, id));
    case 'pause':
      return void (await jobs().requestPause(projectId, id));
    case 'resume':
      return void (await jobs().resume(projectId, id));
    case 'progress':
      return void (await jobs().updateProgress(id, attempt, progress));
    case 'cancelled':
      return void (await jobs().setStatus(id, { from: ACTIVE_JOB_STATUSES, to: 'cancelled', attempt }));
    case 'paused':
      return void (await jobs().setStatus(id, { from: 'pausing', to: 'paused', attempt }));
    case 'evaluating':
      return void (await jobs().setStatus(id, { from: ['running', 'pausing'], to: 'evaluating', attempt }));
    case 'succeeded':
      return void (await jobs().setStatus(id, { from: ['running', 'pausing', 'evaluating'], to: 'succeeded', attempt }));
    case 'failed':
      return void (await jobs().setStatus(id, { from: ACTIVE_JOB_STATUSES, to: 'failed', attempt, error: failure }));
    case 'abandoned':
      return void (await jobs().setStatus(id, { from: ['queued', ...ACTIVE_JOB_STATUSES], to: 'failed', error: failure }));
  }
}

const isRefusal = (error: unknown) => error instanceof StatusConflictError || error instanceof StaleAttemptError;

it('no sequence of calls, even concurrent ones, leaves the table, and every change is logged', async () => {
  const step = fc.record({ calls: fc.array(fc.constantFrom(...CALLS), { minLength: 1, maxLength: 3 }), stale: fc.boolean() });
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const id = await createJob();
      for (const { calls, stale } of steps) {
        const before = await jobs().get(id);
        const attempt = (before?.attempt ?? 0) - (stale ? 1 : 0);
        const results = await Promise.allSettled(calls.map((call) => perform(call, id, attempt)));
        for (const result of results) if (result.status === 'rejected' && !isRefusal(result.reason)) throw result.reason;
      }
      const trail = (await fixture.database.events.list(id, 0, 200))
        .map(({ type }) => (type === 'job.resumed' ? 'queued' : type.slice('job.'.length)))
        .filter((status): status is JobStatus => (JOB_STATUSES as readonly string[]).includes(status));
      for (const [index, to] of trail.slice(1).entries()) {
        const from = trail[index] as JobStatus;
        seen.add(`${from} ${to}`);
        expect(JOB_TRANSITIONS[from]).toContain(to);
      }
      expect(trail.at(-1)).toBe((await jobs().get(id))?.status);
    }),
    { numRuns: 60 },
  );
  // The sequences are worth something only if they reach many statuses.
  expect(seen.size).toBeGreaterThan(8);
}, 180_000);
