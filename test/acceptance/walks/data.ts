// Datasets, prompt sets, and what belongs to a finished job.
import { discPicture } from '@styleforge/testing';
import { expect } from 'vitest';
import type { Client } from '../client.ts';
import { create, ok, type Place, readAndChange, remove } from './place.ts';

export async function walkDatasets({ client, styleRef }: Place): Promise<void> {
  await readAndChange(client, '/v1/datasets', styleRef, { name: 'acceptance, renamed' });
  const images = await client.list<{ id: string }>(`/v1/datasets/${styleRef}/images`);
  expect(images).toHaveLength(3);
  const captions = [{ image_id: images[0]?.id, caption: 'a disc' }];
  expect((await ok(client, 'PUT', `/v1/datasets/${styleRef}/captions`, { body: { captions } })).status).toBe(204);
  expect(await client.list(`/v1/datasets/${styleRef}/images`)).toContainEqual(expect.objectContaining({ caption: 'a disc' }));
  await walkUploads(client, styleRef);
  // An address of the machine itself: refused, and said so.
  const from = { images: [{ url: 'http://127.0.0.1:9/none.png' }] };
  expect(await create(client, `/v1/datasets/${styleRef}/import`, from)).toMatchObject({ kept: 0, refused: 1 });
}

/** A file that is sent to a link, without a key, and then named in the dataset. */
async function walkUploads(client: Client, dataset: string): Promise<void> {
  const { id, url, method } = await create(client, '/v1/uploads', { file_name: 'sent.png' });
  const sent = await client.call(String(method), String(url), { body: new Blob([await discPicture(240)]), key: null });
  expect([String(url), sent.status < 300]).toEqual([String(url), true]);
  const taken = await create(client, `/v1/datasets/${dataset}/import`, { images: [{ upload_id: id }] });
  expect(taken).toMatchObject({ kept: 1, refused: 0 });
  const [{ image }] = taken['files'] as [{ image: { id: string } }];
  expect((await ok(client, 'GET', `/v1/images/${image.id}`)).headers.get('content-type')).toBe('image/png');
  await remove(client, `/v1/images/${image.id}`);
}

export async function walkPromptSets({ client }: Place): Promise<void> {
  const name = `acceptance-${Date.now()}`;
  const { id } = await create(client, '/v1/prompt-sets', { name, prompts: ['a cat', 'a house'] });
  await readAndChange(client, '/v1/prompt-sets', id, { notes: 'two things' });
  await remove(client, `/v1/prompt-sets/${id}`);
}

/** `check`: a request that a job can be made of. */
export async function walkFinishedJob({ client, job }: Place, check: object): Promise<void> {
  const url = `/v1/training-jobs/${job}`;
  expect(await create(client, '/v1/training-jobs/check', check)).toMatchObject({ hyperparameters: { max_train_steps: 4 } });
  await readAndChange(client, '/v1/training-jobs', job, { name: 'the first', starred: true });
  const samples = await client.list<{ training_job_id: string }>(`/v1/images?kind=validation&training_job=${job}`);
  expect(samples.length).toBeGreaterThan(2);
  expect((await ok(client, 'GET', `${url}/images/2/0`)).headers.get('content-type')).toBe('image/png');
  expect((await ok(client, 'GET', `${url}/images/2/0/thumbnail`)).headers.get('content-type')).toBe('image/webp');
  expect((await ok(client, 'GET', `${url}/report`, { headers: { accept: 'text/html' } })).bytes.toString()).toContain('<html');
  expect((await ok(client, 'GET', `${url}/feedback`)).body).toMatchObject({ candidates: [] });
}
