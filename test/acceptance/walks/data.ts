// Datasets, prompt sets, and what belongs to a finished job.
import { expect } from 'vitest';
import { create, ok, type Place, readAndChange, remove } from './place.ts';

export async function walkDatasets({ client, styleRef }: Place): Promise<void> {
  await readAndChange(client, '/v1/datasets', styleRef, { name: 'acceptance, renamed' });
  const images = await client.list<{ id: string }>(`/v1/datasets/${styleRef}/images`);
  expect(images).toHaveLength(3);
  const captions = [{ image_id: images[0]?.id, caption: 'a disc' }];
  expect((await ok(client, 'PUT', `/v1/datasets/${styleRef}/captions`, { body: { captions } })).status).toBe(204);
  expect(await client.list(`/v1/datasets/${styleRef}/images`)).toContainEqual(expect.objectContaining({ caption: 'a disc' }));
  // An address of the machine itself: refused, and said so.
  const from = { images: [{ url: 'http://127.0.0.1:9/none.png' }] };
  expect(await create(client, `/v1/datasets/${styleRef}/import`, from)).toMatchObject({ kept: 0, refused: 1 });
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
  expect(await create(client, '/v1/training-jobs/check', check)).toMatchObject({ config: { hyperparameters: { max_train_steps: 4 } } });
  await readAndChange(client, '/v1/training-jobs', job, { name: 'the first', starred: true });
  expect((await ok(client, 'GET', `${url}/images/2/0`)).headers.get('content-type')).toBe('image/png');
  expect((await ok(client, 'GET', `${url}/images/2/0/thumbnail`)).headers.get('content-type')).toBe('image/webp');
  expect((await ok(client, 'GET', `${url}/report`, { headers: { accept: 'text/html' } })).bytes.toString()).toContain('<html');
  expect((await ok(client, 'GET', `${url}/feedback`)).body).toMatchObject({ candidates: [] });
}
