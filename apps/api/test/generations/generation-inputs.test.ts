// Initial images and grids of generations.
import { generationCells } from '@styleforge/contracts';
import type { GenerationBody, GenerationConfig } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import { generationInputKey } from '@styleforge/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, picture } from '../api-fixture.ts';
import { api, finish, post, setUp, tearDown } from './generation-fixture.ts';

beforeAll(setUp);
afterAll(tearDown);

describe('an initial image', () => {
  it('is an uploaded image, an earlier generated one, or an image in the request, and is stored unchanged', async () => {
    const dataset = await createDataset(api, 'style_ref');
    const { body } = await api.call<{ images: { id: string }[] }>('GET', `/v1/datasets/${dataset}`);
    const uploaded = body.images[0]!.id;
    const first = await post({ model: 'tiny', prompts: ['a cat'], image: uploaded });
    expect(first.body.config).toMatchObject({ image: { id: uploaded }, strength: 0.6, format: 'png', quality: null });
    const original = (await api.call('GET', `/v1/images/${uploaded}`)).bytes;
    expect((await api.call('DELETE', `/v1/images/${uploaded}`)).status).toBe(204);
    expect(Buffer.from(await api.objectStore.get(generationInputKey(api.projectId, first.body.id)))).toEqual(original);
    await finish(first.body.id);
    const generated = (await api.call<GenerationBody>('GET', `/v1/images/generations/${first.body.id}`)).body.images[0]!.id;
    expect((await post({ model: 'tiny', prompts: ['a cat'], image: generated, strength: 0.3 })).body.config).toMatchObject({
      image: { id: generated },
      strength: 0.3,
    });
    const data = `data:image/png;base64,${(await picture(3)).toString('base64')}`;
    const sent = await post({ model: 'tiny', prompts: ['a cat'], image: data });
    expect(sent.body.config.image).toEqual({ id: null });
    expect(await api.objectStore.head(generationInputKey(api.projectId, sent.body.id))).not.toBeNull();
    await api.call('POST', `/v1/images/generations/${sent.body.id}/cancel`);
    expect((await api.call('DELETE', `/v1/images/generations/${sent.body.id}`)).status).toBe(204);
    expect(await api.objectStore.head(generationInputKey(api.projectId, sent.body.id))).toBeNull();
  });

  it.each([
    [{ image: newId('image') }, '/image', 'there is no image'],
    [{ image: 'data:image/png;base64,AAAA' }, '/image', 'PNG'],
    [{ image: 'https://example.com/cat.png' }, '/image', ''],
    [{ strength: 0.5 }, '/strength', 'set an image'],
    [{ quality: 50 }, '/quality', 'applies only to jpeg and webp'],
    [{ format: 'jpeg', quality: 101 }, '/quality', ''],
    [{ grid: { x: { parameter: 'strength', values: [0.1] } } }, '/grid/x/parameter', 'set an image'],
    [{ grid: { x: { parameter: 'text_guidance', values: [1] } } }, '/grid/x/parameter', 'style_guidance'],
    [{ grid: { x: { parameter: 'steps', values: [5, 'many'] } } }, '/grid/x/values/1', ''],
    [{ grid: { x: { parameter: 'steps', values: [5] }, y: { parameter: 'steps', values: [6] } } }, '/grid/y/parameter', 'must differ'],
    [{ grid: { x: { parameter: 'prompt', values: [null] } } }, '/grid/x/values/0', 'must be a text'],
    [{ grid: { x: { parameter: 'prompt', values: ['[V] cat'] } } }, '/grid/x/values/0', 'tiny has none'],
    [{ num_images: 16, grid: { x: { parameter: 'seed', values: Array.from({ length: 16 }, (_, i) => i) } } }, '/num_images', 'cells'],
  ])('is refused as %j, with its field', async (change, pointer, detail) => {
    const { status, body } = await api.call<{ errors: { pointer: string; detail: string }[] }>('POST', '/v1/images/generations', {
      body: { model: 'tiny', prompts: ['a cat'], ...change },
    });
    expect([status, body.errors[0]?.pointer]).toEqual([422, pointer]);
    expect(body.errors[0]?.detail).toContain(detail);
  });
});

it('accepts null in a grid of negative prompts as in a request: no prompt, which is not the empty text', async () => {
  const grid = { x: { parameter: 'negative_prompt', values: [null, '', 'blurry'] } };
  const { status, body } = await post({ model: 'tiny', prompts: ['a cat'], negative_prompt: 'ugly', grid });
  expect([status, body.config.grid?.x.values]).toEqual([202, [null, '', 'blurry']]);
  const cells = generationCells(body.config as unknown as GenerationConfig);
  expect(cells.map(({ config }) => config.negative_prompt)).toEqual([null, '', 'blurry']);
});

it('shows the position of each image in the grid', async () => {
  const grid = { x: { parameter: 'steps', values: [2, 4] }, y: { parameter: 'prompt', values: ['a cat', 'a dog'] } };
  const { body } = await post({ model: 'tiny', prompts: ['unused'], grid, format: 'webp' });
  expect(body.config).toMatchObject({ grid, format: 'webp', quality: 90 });
  await finish(body.id);
  const { body: finished } = await api.call<GenerationBody>('GET', `/v1/images/generations/${body.id}`);
  expect(finished.images).toMatchObject([{ index: 0, cell: { x: 0, y: 0 }, format: 'webp' }]);
});
