// Limits of queued jobs, and cancelling.
import { clientOf } from '@styleforge/database/testing';
import { buildApp } from '@styleforge/api';
import { type TrainingJobBody } from '@styleforge/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset } from '../api-fixture.ts';
import { api, create, request, setUp, tearDown } from './job-fixture.ts';

beforeAll(setUp);
afterAll(tearDown);

describe('a project', () => {
  it('has a limit of queued jobs, also for simultaneous requests, and is counted separately', async () => {
    const app = await buildApp({ ...api.options, maxQueuedJobsPerProject: 3 });
    const limited = async (projectId: string) => {
      const { key } = await api.database.apiKeys.create(projectId, 'limited');
      const dataset = await createDataset(
        { ...api, call: (method, url, options) => api.call(method, url, { ...options, key }) },
        'style_ref',
      );
      const headers = { authorization: `Bearer ${key}` };
      return {
        post: () =>
          app.inject({
            method: 'POST',
            url: '/v1/training-jobs',
            headers,
            payload: request({ style_ref: { dataset_id: dataset }, aux: null }),
          }),
        cancel: (id: string) => app.inject({ method: 'POST', url: `/v1/training-jobs/${id}/cancel`, headers }),
      };
    };
    const { projectId } = await api.database.apiKeys.createProject('limited');
    const one = await limited(projectId);
    const answers = await Promise.all(Array.from({ length: 8 }, () => one.post()));
    const [made, refused] = [
      answers.filter(({ statusCode }) => statusCode === 202),
      answers.filter(({ statusCode }) => statusCode === 429),
    ];
    expect([made.length, refused.length]).toEqual([3, 5]);
    expect([refused[0]?.headers['retry-after'], refused[0]?.json()]).toMatchObject(['60', { code: 'too_many_queued_jobs', status: 429 }]);
    expect(await clientOf(api.database).trainingJob.count({ where: { projectId } })).toBe(3);

    const { projectId: generous } = await api.database.apiKeys.createProject('generous');
    await clientOf(api.database).project.update({ where: { id: generous }, data: { maxQueuedJobs: 4 } });
    const other = await limited(generous);
    for (const status of [202, 202, 202, 202, 429]) expect((await other.post()).statusCode).toBe(status);

    await one.cancel(made[0]?.json<TrainingJobBody>().id ?? '');
    expect([(await one.post()).statusCode, (await one.post()).statusCode]).toEqual([202, 429]);
    await app.close();
  });
});

describe('cancelling a job', () => {
  it('ends a queued job, notifies the worker of a running job, and can be repeated', async () => {
    const { id } = await create();
    const cancel = (job: string) => api.call<TrainingJobBody>('POST', `/v1/training-jobs/${job}/cancel`);
    expect((await cancel(id)).body).toMatchObject({ status: 'cancelled', cancel_requested: true });
    expect((await cancel(id)).status).toBe(202);
    const running = await create();
    await api.database.trainingJobs.claim(running.id);
    expect((await cancel(running.id)).body).toMatchObject({ status: 'validating', cancel_requested: true });
    expect((await cancel('job_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70')).status).toBe(404);
  });

  it('keeps a dataset as long as an unfinished job uses it', async () => {
    const dataset = await createDataset(api, 'style_ref');
    const job = await create({ style_ref: { dataset_id: dataset } });
    const remove = () => api.call('DELETE', `/v1/datasets/${dataset}`);
    expect((await remove()).body).toMatchObject({ status: 409, code: 'dataset_in_use' });
    await api.call('POST', `/v1/training-jobs/${job.id}/cancel`);
    expect((await remove()).status).toBe(204);
    expect((await api.call<TrainingJobBody>('GET', `/v1/training-jobs/${job.id}`)).body.config.style_ref.dataset_id).toBe(dataset);
  });
});
