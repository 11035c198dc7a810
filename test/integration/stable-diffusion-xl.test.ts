// Stable Diffusion XL through the whole service: a single file is imported, listed, trained by HTTP as a LoRA, generated with, exported.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentOf, loadConfig } from '@styleforge/config';
import type { BaseModelBody, TrainingJobBody } from '@styleforge/contracts';
import { typeScript } from '@styleforge/launch';
import { writeSingleFile } from '@styleforge/weights';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestService } from './service.ts';
import { makeTinyBaseModel, makeTinySdxlBaseModel } from './tiny-base-model.ts';

const patience = 600_000;
const importer = fileURLToPath(new URL('../../apps/lab/src/base-models/main.ts', import.meta.url));
let test: TestService;
beforeAll(async () => {
  test = await TestService.create({});
});
afterAll(() => test.remove());

function importModel(name: string, source: string, configs?: string): void {
  const args = [...typeScript(importer), 'add', name, source, ...(configs ? ['--config', configs] : [])];
  const settings = { BASE_MODELS_DIRECTORY: join(test.directory, 'models'), DATA_DIRECTORY: join(test.directory, 'data') };
  const env = environmentOf(loadConfig(settings));
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  expect(stderr + String(status)).toMatch(/0$/);
}

it(
  'is imported from a single file and from a folder, listed, trained, generated with and exported',
  async () => {
    const folder = join(test.directory, 'elsewhere');
    await makeTinySdxlBaseModel(folder);
    const file = join(test.directory, 'sdxl.safetensors');
    await writeSingleFile(file, folder, { dtype: 'F32' });
    importModel('sdxl-folder', folder);
    importModel('sdxl', file, folder);
    const { data } = await test.call<{ data: BaseModelBody[] }>('GET', '/v1/base-models');
    expect(data.map(({ name, geometry }) => [name, geometry.cross_attention_dim, geometry.text_hidden_size])).toEqual([
      ['sdxl', 40, 40],
      ['sdxl-folder', 40, 40],
    ]);

    const { id } = await test.call<TrainingJobBody>('POST', '/v1/training-jobs', {
      method: 'single-styleforge',
      base_model: 'sdxl',
      adaptation: { kind: 'lora', rank: 2, alpha: 2, merged: true },
      style_ref: { dataset_id: await test.createDataset('style_ref', [0, 40, 80]) },
      aux: { dataset_id: await test.createDataset('aux', [120, 160, 200]) },
      hyperparameters: { max_train_steps: 2, resolution: 32, learning_rate: 1e-2, train_text_encoder: false },
    });
    expect(await test.untilFinished(id, patience)).toMatchObject({ status: 'succeeded', error: null });
    const files = (await test.checkpoints(id)).at(-1)?.files.map(({ path }) => path) ?? [];
    for (const path of ['pytorch_lora_weights.safetensors', 'kohya/lora.safetensors', 'merged/text_encoder_2/model.safetensors'])
      expect(files).toContain(path);
    expect(files).toContain('merged/single-file/model.safetensors');
    const fileOf = async (url: string) =>
      Buffer.from(await (await test.request('GET', new URL(url, test.service.url).pathname)).arrayBuffer());
    const bytesOf = async (model: string): Promise<string[]> => {
      const generation = await test.generate(model);
      expect(generation).toMatchObject({ status: 'succeeded', error: null });
      return Promise.all(generation.images.map(async ({ url }) => (await fileOf(url)).toString('base64')));
    };
    const [tuned, base] = [await bytesOf(id), await bytesOf('sdxl')];
    expect(tuned[0]).not.toBe(base[0]);
    // No negative prompt is zeros, an empty one is a text.
    const negative = async (more: object) => {
      const body = { model: 'sdxl', prompts: ['a disc'], steps: 2, seed: 7, ...more };
      const { id: generation } = await test.call<{ id: string }>('POST', '/v1/images/generations', body);
      const { config, images } = await test.generated(generation);
      const pixels = await sharp(await fileOf(images[0]!.url))
        .raw()
        .toBuffer();
      return [config.negative_prompt, createHash('sha256').update(pixels).digest('hex')];
    };
    const [absent, none, empty] = [await negative({}), await negative({ negative_prompt: null }), await negative({ negative_prompt: '' })];
    expect([absent, none]).toEqual([none, [null, none[1]]]);
    expect(empty).toEqual(['', expect.not.stringMatching(none[1]!)]);

    const dataset = await test.createDataset('style_ref', [10, 50, 90]);
    const bLora = {
      ...{ method: 'b-lora', style_ref: { dataset_id: dataset }, adaptation: { kind: 'lora', rank: 2 } },
      hyperparameters: { max_train_steps: 2, resolution: 32, learning_rate: 1e-2 },
    };
    await makeTinyBaseModel(join(test.directory, 'models', 'sd'));
    const refused = await test.request('POST', '/v1/training-jobs', { ...bLora, base_model: 'sd' });
    expect([refused.status, await refused.json()]).toMatchObject([422, { errors: [{ pointer: '/adaptation/blocks' }] }]);
    const job = await test.call<TrainingJobBody>('POST', '/v1/training-jobs', { ...bLora, base_model: 'sdxl' });
    expect(job.config.adaptation).toMatchObject({ kind: 'lora', rank: 2, blocks: 'b-lora' });
    expect(await test.untilFinished(job.id, patience)).toMatchObject({ status: 'succeeded', error: null });
    const written = (await test.checkpoints(job.id)).at(-1)?.files.map(({ path }) => path) ?? [];
    for (const path of ['content.safetensors', 'style.safetensors', 'pytorch_lora_weights.safetensors']) expect(written).toContain(path);
    expect((await bytesOf(job.id))[0]).not.toBe(base[0]);
  },
  patience,
);
