// Events of the project in the cache that all screens read.
import type { ProjectStreamEvent, TrainingJob } from '@styleforge/sdk';
import { QueryClient } from '@tanstack/react-query';
import { expect, it } from 'vitest';
import { applyEvent } from '../src/data/live.ts';

const ID = 'job_1';
const progressOf = (step: number): ProjectStreamEvent =>
  ({ type: 'training_job.progress', subject_id: ID, data: { step } }) as unknown as ProjectStreamEvent;

function cacheWith(status: TrainingJob['status']): QueryClient {
  const queries = new QueryClient();
  const job = { id: ID, status, progress: { step: 0, of: 100 } } as unknown as TrainingJob;
  queries.setQueryData(['job', ID], job);
  queries.setQueryData(['jobs', 'all'], [job, { ...job, id: 'job_2' }]);
  return queries;
}
const isStale = (queries: QueryClient, key: string[]) => queries.getQueryState(key)?.isInvalidated;

it('writes progress into the job and into lists, without asking for them again', () => {
  const queries = cacheWith('running');
  applyEvent(queries, progressOf(7));
  expect(queries.getQueryData<TrainingJob>(['job', ID])?.progress).toMatchObject({ step: 7, of: 100 });
  expect(queries.getQueryData<TrainingJob[]>(['jobs', 'all'])?.map(({ progress }) => progress.step)).toEqual([7, 0]);
  expect([isStale(queries, ['job', ID]), isStale(queries, ['jobs', 'all'])]).toEqual([false, false]);
});

it('asks for a job again that makes progress and is not running here: its change was missed without a connection', () => {
  const queries = cacheWith('validating');
  applyEvent(queries, progressOf(7));
  expect([isStale(queries, ['job', ID]), isStale(queries, ['jobs', 'all'])]).toEqual([true, true]);
});
