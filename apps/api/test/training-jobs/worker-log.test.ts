// The end of a worker's log about a job, over HTTP.
import type { JobLogBody } from '@styleforge/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApiFixture } from '../api-fixture.ts';
import type { ApiFixture } from '../api-fixture.ts';
import { type SeededIds, seedProject } from '../seeded-project.ts';

let api: ApiFixture;
let ids: SeededIds;
beforeAll(async () => {
  api = await startApiFixture();
  ids = await seedProject(api);
});
afterAll(() => api.close());

const line = (message: string) => ({ time: '2026-11-30T01:00:00.000Z', level: 'info', attempt: 1, message, details: { step: 4 } });

it('returns the last complete lines, and nothing before anything is logged', async () => {
  const id = ids['training-jobs']!;
  const read = async (query = '') => (await api.call<JobLogBody>('GET', `/v1/training-jobs/${id}/worker-log${query}`)).body;
  expect(await read()).toEqual({ training_job_id: id, data: [], has_earlier: false });
  const lines = ['one', 'two', 'three'].map(line);
  await api.database.jobLogs.append(id, `ge":"cut"}\n${lines.map((one) => `${JSON.stringify(one)}\n`).join('')}`);
  expect((await read()).data).toEqual(lines);
  expect(await read('?lines=2')).toEqual({ training_job_id: id, data: lines.slice(1), has_earlier: true });
});

it('belongs to the project, and is limited', async () => {
  const { projectId } = await api.database.apiKeys.createProject('other');
  const { key } = await api.database.apiKeys.create(projectId, 'other', ['read']);
  const path = `/v1/training-jobs/${ids['training-jobs']}/worker-log`;
  expect((await api.call('GET', path, { key })).body).toMatchObject({ status: 404, code: 'not_found' });
  for (const lines of ['0', '1001', 'x'])
    expect((await api.call('GET', `${path}?lines=${lines}`)).body).toMatchObject({ status: 422, code: 'validation_failed' });
});
