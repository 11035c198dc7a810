// Evaluations and studies.
import { expect } from 'vitest';
import type { Client, Json } from '../client.ts';
import { create, MEASURED, ok, type Place, readAndChange, remove } from './place.ts';

/** The evaluation of the job itself, and one that is cancelled: each takes its time. */
export async function walkEvaluations({ client, job, aux }: Place): Promise<void> {
  const made = await client.list<Json>('/v1/evaluations');
  const id = made.find((one) => one['training_job_id'] === job && one.status === 'succeeded')?.id ?? '';
  const url = `/v1/evaluations/${id}`;
  await readAndChange(client, '/v1/evaluations', id, { name: 'at its end' });
  const [image] = (await ok(client, 'GET', `${url}/images`)).body['data'] as { url: string; thumbnail_url: string }[];
  for (const link of [image?.url, image?.thumbnail_url]) expect((await client.get(link ?? '')).bytes.length).toBeGreaterThan(50);
  expect((await client.list<object>('/v1/images?kind=evaluation'))[0]).toMatchObject({ evaluation_id: id });
  await ok(client, 'GET', `${url}/report`);
  const vote = { index: 0, first: 0, second: 1, preferred: 'first' };
  await ok(client, 'PUT', `${url}/votes`, { body: { votes: [vote] } });
  expect((await ok(client, 'GET', `${url}/votes`)).body).toMatchObject({ own: [vote], tally: { votes: 1 } });
  expect((await ok(client, 'DELETE', `${url}/votes`)).status).toBe(204);
  await shareReport(client, id);
  const asked = { model: job, reference_dataset_id: aux, prompts: ['a photo', 'a disc'], num_images: 2, steps: 1000, ...MEASURED };
  const { id: unwanted } = await create(client, '/v1/evaluations', asked);
  await ok(client, 'POST', `/v1/evaluations/${unwanted}/cancel`);
  await client.until(`/v1/evaluations/${unwanted}`, ['cancelled'], 120_000);
  await remove(client, `/v1/evaluations/${unwanted}`);
}

/** A link that works without a key, until it is revoked. */
async function shareReport(client: Client, id: string): Promise<void> {
  const url = `/v1/reports/${id}/share`;
  const one = await create(client, url, { expires_in_days: null });
  await create(client, url, { expires_in_days: 1 });
  expect((await client.get(String(one['url']), { key: null })).status).toBe(200);
  expect((await ok(client, 'GET', url)).body['data']).toHaveLength(2);
  await ok(client, 'DELETE', `${url}/${one.id}`);
  expect((await client.get(String(one['url']), { key: null })).status).toBe(404);
  await ok(client, 'DELETE', url);
  expect((await ok(client, 'GET', url)).body['data']).toEqual([]);
}

/** `request`: a training job. */
export async function walkStudies({ client }: Place, request: object): Promise<void> {
  const grid = [{ pointer: '/hyperparameters/seed', values: [1, 2] }];
  const { id } = await create(client, '/v1/studies', { name: 'seeds', job: request, grid });
  await readAndChange(client, '/v1/studies', id, { notes: 'two of them' });
  await ok(client, 'POST', `/v1/studies/${id}/cancel`);
  await client.until(`/v1/studies/${id}`, ['finished'], 240_000);
  await remove(client, `/v1/studies/${id}`);
}
