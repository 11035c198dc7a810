// Images, checkpoints and models: what a finished job is for.
import { expect } from 'vitest';
import type { Json } from '../client.ts';
import { create, download, ok, type Place, readAndChange, remove, succeeded } from './place.ts';

const asked = (model: string) => ({ model, prompts: ['a photo of zwx style'], steps: 2, seed: 3, num_images: 2 });

/** The id of a generated image that stays. */
export async function walkImages({ client, job }: Place): Promise<string> {
  const { id } = await create(client, '/v1/images/generations', asked(job));
  const images = (await succeeded(client, `/v1/images/generations/${id}`))['images'] as Json[];
  await readAndChange(client, '/v1/images/generations', id, { name: 'two discs' });
  expect((await ok(client, 'GET', `/v1/images/generations/${id}/events`)).body['data']).not.toEqual([]);
  const [first, second] = images.map((image) => image.id);
  await ok(client, 'PATCH', `/v1/images/${first}`, { body: { starred: true } });
  const starred = (await ok(client, 'GET', `/v1/images?training_job=${job}&starred=true`)).body['data'] as Json[];
  expect(starred.map((image) => image.id)).toEqual([first]);
  expect((await ok(client, 'GET', `/v1/thumbnails/${first}`)).headers.get('content-type')).toBe('image/webp');
  await remove(client, `/v1/images/${second}`);
  const { id: unwanted } = await create(client, '/v1/images/generations', { ...asked(job), steps: 1000, num_images: 16 });
  await ok(client, 'POST', `/v1/images/generations/${unwanted}/cancel`);
  await client.until(`/v1/images/generations/${unwanted}`, ['cancelled'], 120_000);
  await remove(client, `/v1/images/generations/${unwanted}`);
  return first ?? '';
}

/** A LoRA's file. */
export async function walkCheckpoints({ client, job }: Place): Promise<Buffer> {
  const [early, last] = (await client.list(`/v1/training-jobs/${job}/checkpoints`)).map(({ id }) => id);
  const url = `/v1/checkpoints/${last}`;
  const file = await ok(client, 'GET', `/v1/training-jobs/${job}/checkpoints/${last}/files/model_index.json`);
  expect(JSON.parse(file.bytes.toString())).toHaveProperty('_class_name');
  await ok(client, 'PATCH', url, { body: { notes: 'the last' } });
  expect((await ok(client, 'GET', url)).body).toMatchObject({ notes: 'the last', step: 4 });
  expect((await download(client, `${url}/download?format=single-file`)).length).toBeGreaterThan(1_000);
  const { id } = await create(client, `${url}/extract-lora`, { rank: 1, format: 'lora-kohya' });
  await succeeded(client, `/v1/exports/${id}`);
  await remove(client, `/v1/checkpoints/${early}`);
  return download(client, `${url}/download?format=lora-kohya&rank=1`);
}

export async function walkModels({ client, baseModel, job }: Place, cover: string, adapter: Buffer): Promise<void> {
  const name = `acceptance-${Date.now()}`;
  const url = `/v1/models/${name}`;
  await create(client, '/v1/models', { name, from: job, cover_image_id: cover });
  await readAndChange(client, '/v1/models', name, { description: 'Discs' });
  expect((await ok(client, 'GET', `${url}/cover`)).headers.get('content-type')).toMatch(/^image\//);
  await create(client, `${url}/versions`, { from: job });
  await ok(client, 'PATCH', `${url}/versions/2`, { body: { notes: 'again' } });
  expect((await ok(client, 'GET', `${url}/versions/2`)).body).toMatchObject({ version: 2, notes: 'again' });
  expect(await client.list(`${url}/versions`)).toHaveLength(2);
  await ok(client, 'PUT', `${url}/aliases/live`, { body: { version: 1 } });
  const named = await create(client, '/v1/images/generations', { ...asked(`${name}@live`), num_images: 1 });
  // Until it has ended, it uses the checkpoint that both versions are.
  await succeeded(client, `/v1/images/generations/${named.id}`);
  await ok(client, 'DELETE', `${url}/aliases/live`);
  await ok(client, 'DELETE', `${url}/versions/2`);
  const form = new FormData();
  form.append('name', name);
  form.append('base_model', baseModel.name);
  form.append('file', new Blob([new Uint8Array(adapter)]), 'lora.safetensors');
  expect(await create(client, '/v1/models/upload', form)).toMatchObject({ model: name, reference: `${name}@3` });
  expect(await download(client, `${url}/versions/3/file`)).toEqual(adapter);
  await remove(client, url);
}
