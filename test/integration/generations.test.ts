// Images through the whole service: from an image, in every format with its parameters in the file, as a grid; and damaged weights.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GenerationBody } from '@styleforge/contracts';
import { readImageParameters } from '@styleforge/sdk';
import { discPicture } from '@styleforge/testing';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestService } from './service.ts';

const patience = 240_000;
let test: TestService;

beforeAll(async () => {
  test = await TestService.create({ tiny: {}, broken: {} });
});
afterAll(() => test.remove());

const settings = { model: 'tiny', prompts: ['a disc'], steps: 4, guidance_scale: 2, seed: 7 };
async function generate(change: object): Promise<GenerationBody> {
  const { id } = await test.call<GenerationBody>('POST', '/v1/images/generations', { ...settings, ...change, wait: 30 });
  return test.generated(id);
}
const bytesOf = async (id: string) => {
  const response = await test.request('GET', `/v1/images/${id}`);
  return { type: response.headers.get('content-type'), bytes: new Uint8Array(await response.arrayBuffer()) };
};
const pixelsOf = async (generation: GenerationBody) =>
  sharp((await bytesOf(generation.images[0]!.id)).bytes)
    .removeAlpha()
    .raw()
    .toBuffer();

it(
  'begins from an image, and a lower strength gives a more similar result',
  async () => {
    const image = `data:image/png;base64,${Buffer.from(await discPicture(40)).toString('base64')}`;
    const [near, far, none] = [await generate({ image, strength: 0.25 }), await generate({ image, strength: 1 }), await generate({})];
    for (const generation of [near, far, none]) expect(generation).toMatchObject({ status: 'succeeded', error: null });
    const [a, b, c] = [await pixelsOf(near), await pixelsOf(far), await pixelsOf(none)];
    const distance = (x: Uint8Array, y: Uint8Array) => x.reduce((sum, value, i) => sum + Math.abs(value - y[i]!), 0);
    expect(distance(a, c)).toBeGreaterThan(distance(b, c));
    expect(await pixelsOf(await generate({ image: near.images[0]!.id, strength: 0.25 }))).not.toEqual(a);
    expect(await readImageParameters((await bytesOf(near.images[0]!.id)).bytes)).toMatchObject({ strength: 0.25 });
  },
  patience,
);

it(
  'writes PNG, WebP and JPEG, and each file contains its parameters',
  async () => {
    for (const [format, extra] of [
      ['png', {}],
      ['webp', { quality: 80 }],
      ['jpeg', { quality: 40 }],
    ] as const) {
      const generation = await generate({ format, prompts: ['a disc, größer'], negative_prompt: 'blurry', ...extra });
      expect(generation).toMatchObject({ status: 'succeeded', images: [{ format }] });
      const { type, bytes } = await bytesOf(generation.images[0]!.id);
      expect([type, (await sharp(bytes).metadata()).format]).toEqual([`image/${format}`, format]);
      expect(await readImageParameters(bytes)).toMatchObject({
        prompt: 'a disc, größer',
        negative_prompt: 'blurry',
        seed: 7,
        steps: 4,
        guidance_scale: 2,
        model: 'tiny',
      });
      expect((await test.request('GET', new URL(generation.images[0]!.thumbnail_url, test.service.url).pathname)).status).toBe(200);
    }
  },
  patience,
);

it(
  'generates a grid in which each cell equals a single request with its settings',
  async () => {
    const grid = { x: { parameter: 'steps', values: [2, 3] }, y: { parameter: 'seed', values: [1, 2] } };
    const generation = await generate({ grid, num_images: 2 });
    expect(generation.images.map(({ index, cell, seed }) => [index, cell?.x, cell?.y, seed])).toEqual([
      [0, 0, 0, 1],
      [1, 0, 0, 2],
      [2, 1, 0, 1],
      [3, 1, 0, 2],
      [4, 0, 1, 2],
      [5, 0, 1, 3],
      [6, 1, 1, 2],
      [7, 1, 1, 3],
    ]);
    const alone = await generate({ steps: 3, seed: 2, num_images: 2 });
    expect(
      await sharp((await bytesOf(generation.images[6]!.id)).bytes)
        .raw()
        .toBuffer(),
    ).toEqual(
      await sharp((await bytesOf(alone.images[0]!.id)).bytes)
        .raw()
        .toBuffer(),
    );
    expect(await readImageParameters((await bytesOf(generation.images[6]!.id)).bytes)).toMatchObject({ steps: 3, seed: 2 });
  },
  patience,
);

it(
  'fails if the decoder produces only black',
  async () => {
    const file = join(test.directory, 'models/broken/vae/diffusion_pytorch_model.safetensors');
    const bytes = await readFile(file);
    const headerLength = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<string, { data_offsets: [number, number] }>;
    const { data_offsets: weight } = header['decoder.conv_out.weight']!;
    const { data_offsets: bias } = header['decoder.conv_out.bias']!;
    bytes.fill(0, 8 + headerLength + weight[0], 8 + headerLength + weight[1]);
    for (let at = bias[0]; at < bias[1]; at += 4) bytes.writeFloatLE(-9, 8 + headerLength + at);
    await writeFile(file, bytes);
    const generation = await generate({ model: 'broken' });
    expect(generation).toMatchObject({
      status: 'failed',
      images: [],
      error: { code: 'non_finite_image', message: expect.stringContaining('black') },
    });
  },
  patience,
);
