// What is read of a long list of jobs: all of it once, then what can have changed.
import StyleForge, { type TrainingJob } from '@styleforge/sdk';
import { expect, it } from 'vitest';
import { readAllJobs, readChangedJobs } from '../src/data/job-list.ts';

const jobOf = (number: number, status: TrainingJob['status'] = 'succeeded') => ({ id: `job_${number}`, status }) as TrainingJob;
const idsOf = (jobs: TrainingJob[] | undefined) => jobs?.map(({ id }) => id);

/** The SDK's client of a service that has these jobs, newest first, and the requests it makes. */
function serviceOf(jobs: TrainingJob[]) {
  const requests: string[] = [];
  const respond = (input: RequestInfo | URL) => {
    const url = new URL(input instanceof Request ? input.url : input);
    requests.push(url.pathname.replace('/v1/training-jobs', '') + url.search);
    const [limit, after] = [Number(url.searchParams.get('limit')), url.searchParams.get('after')];
    const one = jobs.find(({ id }) => url.pathname.endsWith(id));
    const from = jobs.findIndex(({ id }) => id === after) + 1;
    const data = jobs.slice(from, from + limit);
    const hasMore = from + limit < jobs.length;
    return Promise.resolve(Response.json(one ?? { data, has_more: hasMore, next: hasMore ? data.at(-1)?.id : null }));
  };
  const client = new StyleForge({ baseUrl: 'http://service', apiKey: 'sf_key', fetch: respond });
  return { jobs: client.trainingJobs, requests };
}

const many = Array.from({ length: 300 }, (_, index) => jobOf(300 - index));

it('shows the newest jobs while the others are read page by page', async () => {
  const { jobs, requests } = serviceOf(many);
  let first: TrainingJob[] = [];
  expect(idsOf(await readAllJobs(jobs, (newest) => (first = newest)))).toEqual(idsOf(many));
  expect(idsOf(first)).toEqual(idsOf(many.slice(0, 25)));
  expect(requests).toEqual(['?limit=25', '?limit=100&after=job_276', '?limit=100&after=job_176', '?limit=100&after=job_76']);
});

it('reads only the newest jobs again, and older ones that had not ended', async () => {
  const known = many.with(200, jobOf(100, 'running'));
  const { jobs, requests } = serviceOf([jobOf(301, 'queued'), ...many]);
  const changed = await readChangedJobs(jobs, known);
  expect(idsOf(changed)).toEqual(['job_301', ...(idsOf(many) ?? [])]);
  expect(changed?.[201]?.status).toBe('succeeded');
  expect(requests).toEqual(['?limit=25', '/job_100']);
});

it('reads the whole list again if the known one does not reach the newest', async () => {
  const { jobs } = serviceOf([...Array.from({ length: 40 }, (_, index) => jobOf(340 - index)), ...many]);
  expect(await readChangedJobs(jobs, many)).toBeUndefined();
});
