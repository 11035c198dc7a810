// Training in one call, and the inspection of images before the upload.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { imageSize, inspectImages } from '@styleforge/sdk';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSdkFixture, type SdkFixture } from './service-fixture.ts';

let service: SdkFixture;
let folder: string;
const image = (color: string, width = 64, height = 64) => sharp({ create: { width, height, channels: 3, background: color } });

beforeAll(async () => {
  service = await startSdkFixture();
  folder = path.join(service.directory, 'my style');
  await mkdir(folder);
  for (const [index, color] of ['red', 'green', 'blue'].entries()) {
    await image(color)
      .png()
      .toFile(path.join(folder, `${index}.png`));
    await writeFile(path.join(folder, `${index}.txt`), `a ${color} square`);
  }
});
afterAll(() => service.close());

describe('images before their upload', () => {
  it('are measured by their first bytes', async () => {
    const base = image('teal', 50, 40);
    const files = await Promise.all(
      [base.clone().png(), base.clone().jpeg({ progressive: true }), base.clone().webp(), base.clone().webp({ lossless: true })].map(
        (made) => made.toBuffer(),
      ),
    );
    const withAlpha = await sharp({ create: { width: 50, height: 40, channels: 4, background: { r: 1, g: 2, b: 3, alpha: 0.5 } } })
      .webp()
      .toBuffer();
    for (const file of [...files, withAlpha]) expect(await imageSize(new Blob([new Uint8Array(file)]))).toEqual({ width: 50, height: 40 });
    expect(await imageSize(new Blob(['these are words, and there are more than thirty of their letters']))).toBeUndefined();
    expect(await imageSize(new Blob([new Uint8Array(files[1]!.subarray(0, 40))]))).toBeUndefined();
  });

  it('are distinguished by their bytes', async () => {
    const copy = path.join(service.directory, 'copy.png');
    await image('green').png().toFile(copy);
    expect(await inspectImages([folder, copy])).toEqual([
      { name: '0.png', width: 64, height: 64, duplicateOf: undefined },
      { name: '1.png', width: 64, height: 64, duplicateOf: undefined },
      { name: '2.png', width: 64, height: 64, duplicateOf: undefined },
      { name: 'copy.png', width: 64, height: 64, duplicateOf: '1.png' },
    ]);
  });
});

describe('train', () => {
  it('creates datasets from folders with captions, and a job with both', async () => {
    const client = service.client();
    const job = await client.train({
      styleRef: folder,
      aux: folder,
      wait: false,
      settings: { hyperparameters: { resolution: 32, use_captions: true } },
    });
    expect(job).toMatchObject({ status: 'queued', base_model: 'tiny', method: 'single-styleforge' });
    const [style, aux] = await Promise.all(
      [job.config.style_ref.dataset_id, job.config.aux?.dataset_id ?? ''].map((id) => client.datasets.get(id)),
    );
    expect([style?.name, style?.kind, aux?.kind]).toEqual(['my style', 'style_ref', 'aux']);
    expect(style?.images.map(({ caption }) => caption)).toEqual(['a red square', 'a green square', 'a blue square']);
    const again = await client.train({
      styleRef: style?.id ?? '',
      baseModel: 'tiny',
      wait: false,
      settings: { hyperparameters: { resolution: 32 } },
    });
    expect(again.config.style_ref.dataset_id).toBe(style?.id);
    await client.trainingJobs.cancel(again.id);
    await expect(
      client.train({ styleRef: style?.id ?? '', wait: false, settings: { hyperparameters: { resolution: 17 } } }),
    ).rejects.toThrow('resolution');
  });

  it('refuses small images and wrong settings, and leaves no dataset behind', async () => {
    const client = service.client();
    const count = async () => (await client.datasets.list({ limit: 100 })).data.length;
    const before = await count();
    await expect(client.train({ styleRef: folder, settings: { hyperparameters: { resolution: 512 } } })).rejects.toThrow(
      'Images are smaller than hyperparameters.resolution 512: 0.png is 64x64, 1.png is 64x64, 2.png is 64x64. Give larger images',
    );
    await expect(client.train({ styleRef: folder, baseModel: 'nothing' })).rejects.toMatchObject({ code: 'unknown_base_model' });
    expect(await count()).toBe(before);
  });
});
