// Real jobs through the whole service: HTTP, database, queue, a worker's child process, the trainer, the object store.
import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ValidationImageBody } from '@styleforge/contracts';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestService } from './service.ts';
import { makeTinyBaseModel } from './tiny-base-model.ts';

/** A machine that is busy with other things may be ten times slower. */
const patience = 300_000;

let test: TestService;
let styleRef: string;
let aux: string;

beforeAll(async () => {
  test = await TestService.create();
  styleRef = await test.createDataset('style_ref', [0, 40, 80]);
  aux = await test.createDataset('aux', [120, 160, 200, 240]);
});
afterAll(() => test.remove());

const checkpointFolders = async (jobId: string) => {
  const entries = await readdir(join(test.directory, 'data', 'objects', 'projects'), { recursive: true });
  return entries
    .map((path) => new RegExp(`training-jobs/${jobId}/checkpoints/([^/]+)$`).exec(path)?.[1])
    .filter((name) => name !== undefined)
    .sort();
};
const weightsHash = async (jobId: string) =>
  (await test.checkpoints(jobId)).at(-1)?.files.find(({ path }) => path === 'unet/diffusion_pytorch_model.safetensors')?.sha256;

describe('a training job', () => {
  let jobId: string;

  it(
    'runs from the upload of images over HTTP to a checkpoint that can be downloaded',
    async () => {
      jobId = await test.createJob(styleRef, aux, { max_train_steps: 6, checkpointing_steps: 4 });
      const job = await test.untilFinished(jobId);
      expect(job).toMatchObject({ status: 'succeeded', attempt: 1, error: null, result: { final_step: 6 } });
      expect(job.progress).toMatchObject({ step: 6, of: 6, eta_seconds: 0 });
      const metrics = await test.metrics(jobId);
      expect(metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
      for (const { loss, style_ref_loss, aux_loss, grad_norm } of metrics) {
        expect(style_ref_loss + (aux_loss ?? Number.NaN)).toBeCloseTo(loss, 5);
        expect(grad_norm).toBeGreaterThan(0);
      }
      expect((await test.events(jobId)).map(({ type }) => type)).toEqual([
        'job.queued',
        'job.validating',
        'job.running',
        // the tiny base model's autoencoder has random weights
        'job.warning',
        'checkpoint.saved',
        'checkpoint.saved',
        'job.succeeded',
      ]);
      const checkpoints = await test.checkpoints(jobId);
      expect(checkpoints.map(({ step }) => step)).toEqual([4, 6]);
      expect(checkpoints[1]?.id).toBe(job.result?.checkpoint_id);
      // Both formats: a diffusers folder, and at the end one file.
      expect(checkpoints.map(({ files }) => files.some(({ path }) => path === 'single-file/model.safetensors'))).toEqual([false, true]);
      const file = checkpoints[1]?.files.find(({ path }) => path === 'unet/diffusion_pytorch_model.safetensors');
      const bytes = await (await test.request('GET', new URL(file?.url ?? '', test.service.url).pathname)).arrayBuffer();
      expect(createHash('sha256').update(Buffer.from(bytes)).digest('hex')).toBe(file?.sha256);
    },
    patience,
  );

  it(
    'generates images that differ from those of the base model with the same seeds',
    async () => {
      const fetchImages = async (model: string) => {
        const generation = await test.generate(model);
        expect(generation).toMatchObject({ status: 'succeeded', error: null });
        expect(generation.images.map(({ index, seed }) => [index, seed])).toEqual([
          [0, 7],
          [1, 8],
        ]);
        return Promise.all(
          generation.images.map(async ({ url }) =>
            Buffer.from(await (await test.request('GET', new URL(url, test.service.url).pathname)).arrayBuffer()),
          ),
        );
      };
      const [after, again, before] = [await fetchImages(jobId), await fetchImages(jobId), await fetchImages('tiny')];
      expect(await sharp(after[0]).metadata()).toMatchObject({ format: 'png', width: 32, height: 32, channels: 3 });
      expect(after[0]?.includes('"prompt":"a photo of zwx style"')).toBe(true);
      const pixels = (png: Buffer | undefined) => sharp(png).raw().toBuffer();
      expect(await pixels(again[0])).toEqual(await pixels(after[0]));
      expect(await pixels(before[0])).not.toEqual(await pixels(after[0]));
      expect(await pixels(after[1])).not.toEqual(await pixels(after[0]));
    },
    patience,
  );

  it(
    'keeps as many checkpoints as configured',
    async () => {
      const id = await test.createJob(styleRef, aux, { max_train_steps: 6, checkpointing_steps: 2, checkpoints_total_limit: 1 });
      expect((await test.untilFinished(id)).status).toBe('succeeded');
      expect((await test.checkpoints(id)).map(({ step }) => step)).toEqual([6]);
      expect(await checkpointFolders(id)).toHaveLength(1);
    },
    patience,
  );

  it('is refused immediately if its base model cannot be used, with the reason', async () => {
    const broken = join(test.directory, 'models', 'broken');
    await makeTinyBaseModel(broken);
    await rm(join(broken, 'tokenizer'), { recursive: true });
    const created = await test.request('POST', '/v1/training-jobs', {
      method: 'single-styleforge',
      base_model: 'broken',
      style_ref: { dataset_id: styleRef },
      hyperparameters: { max_train_steps: 2 },
    });
    expect([created.status, await created.json()]).toMatchObject([
      422,
      { code: 'unusable_base_model', detail: expect.stringMatching(/tokenizer/) as string },
    ]);
  });
});

describe('DreamBooth with prior preservation', () => {
  const request = () => ({
    method: 'dreambooth',
    base_model: 'tiny',
    style_ref: { dataset_id: styleRef },
    hyperparameters: { resolution: 32, learning_rate: 1e-3, max_train_steps: 2 },
    prior_preservation: { prompt: 'a photo of style', num_class_images: 3, steps: 2, guidance_scale: 2 },
    validation: { prompts: ['a photo of [V] style'], every_steps: 1, steps: 2, guidance_scale: 2, num_images: 2 },
  });
  const run = async () => {
    const { id } = await test.call<{ id: string }>('POST', '/v1/training-jobs', request());
    expect(await test.untilFinished(id)).toMatchObject({ status: 'succeeded', error: null });
    return id;
  };

  it(
    'generates class images with the base model once, and shows the effect of the training on the same prompts and seeds',
    async () => {
      const first = await run();
      const validated = (await test.events(first)).filter(({ type }) => type === 'validation.done').map(({ data }) => data);
      expect(validated).toEqual([0, 1, 2].map((step) => ({ step, images: 2, scores: {} })));
      for (const { aux_loss } of await test.metrics(first)) expect(aux_loss).toBeGreaterThan(0);
      const { data } = await test.call<{ data: ValidationImageBody[] }>('GET', `/v1/training-jobs/${first}/images`);
      expect(data.map(({ step, index, prompt, seed }) => [step, index, prompt, seed])).toEqual(
        [0, 1, 2].flatMap((step) => [0, 1].map((index) => [step, index, 'a photo of zwx style', index])),
      );
      const png = Buffer.from(await (await test.request('GET', data[4]?.url ?? '')).arrayBuffer());
      expect(createHash('sha256').update(png).digest('hex')).toBe(data[4]?.sha256);
      expect(await sharp(png).metadata()).toMatchObject({ format: 'png', width: 32, height: 32 });
      expect(png.includes('"step":2')).toBe(true);

      const classImagesMade = async (id: string) => (await test.events(id)).filter(({ type }) => type === 'class_images.made').length;
      const second = await run();
      expect([await classImagesMade(first), await classImagesMade(second)]).toEqual([3, 0]);
      expect(await weightsHash(second)).toBe(await weightsHash(first));
    },
    patience,
  );
});

describe('LoRA', () => {
  it(
    'trains with the dual binding, stores only its files, and changes images as a model and as an adapter, but not with strength 0',
    async () => {
      const { id } = await test.call<{ id: string }>('POST', '/v1/training-jobs', {
        method: 'single-styleforge',
        adaptation: { kind: 'lora', rank: 4 },
        base_model: 'tiny',
        style_ref: { dataset_id: styleRef },
        aux: { dataset_id: aux },
        hyperparameters: { resolution: 32, learning_rate: 1e-2, max_train_steps: 3 },
      });
      expect(await test.untilFinished(id)).toMatchObject({
        status: 'succeeded',
        error: null,
        config: { adaptation: { kind: 'lora', alpha: 4 } },
      });
      const [checkpoint] = await test.checkpoints(id);
      expect(checkpoint).toMatchObject({ format: 'adapter' });
      const paths = checkpoint?.files.map(({ path }) => path);
      expect(paths).toEqual(expect.arrayContaining(['adaptation.json', 'pytorch_lora_weights.safetensors', 'kohya/lora.safetensors']));
      expect(paths).not.toContain('model_index.json');
      const settings = { prompts: ['a photo of zwx style'], steps: 2, guidance_scale: 2, width: 32, height: 32, seed: 5, wait: 60 };
      const sums = async (body: object): Promise<string[]> => {
        const made = await test.call<{ status: string; images: { sha256: string; url: string }[] }>('POST', '/v1/images/generations', {
          ...settings,
          ...body,
        });
        expect(made.status).toBe('succeeded');
        return Promise.all(
          made.images.map(async ({ url }) => {
            const png = Buffer.from(await (await test.request('GET', url)).arrayBuffer());
            return createHash('sha256')
              .update(await sharp(png).raw().toBuffer())
              .digest('hex');
          }),
        );
      };
      const [base, own] = [await sums({ model: 'tiny' }), await sums({ model: id })];
      expect(own).not.toEqual(base);
      expect(await sums({ model: 'tiny', adapters: [{ model: id }] })).toEqual(own);
      expect(await sums({ model: 'tiny', adapters: [{ model: id, strength: 0 }] })).toEqual(base);
    },
    patience,
  );
});

it(
  'a training without the feature extractor of its early stopping is refused before it starts, and the error names the extractor',
  async () => {
    const { id } = await test.call<{ id: string }>('POST', '/v1/training-jobs', {
      method: 'single-styleforge',
      base_model: 'tiny',
      style_ref: { dataset_id: styleRef },
      hyperparameters: { resolution: 32, max_train_steps: 2 },
      validation: { prompts: ['a photo of [V] style, a house'], every_steps: 1, steps: 1 },
      early_stopping: { metric: 'clip', patience: 1 },
    });
    const job = await test.untilFinished(id);
    expect(job).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'extractor_not_configured', retryable: false } });
    expect(job.error?.message).toMatch(/'mini-clip'/);
    expect(await test.metrics(id)).toEqual([]);
  },
  patience,
);

describe('a job that is interrupted', () => {
  /** Long enough to be caught in the middle. */
  const steps = { max_train_steps: 20, checkpointing_steps: 5, resolution: 64 };
  let undisturbed: string;

  beforeAll(async () => {
    undisturbed = await test.createJob(styleRef, aux, steps);
    expect((await test.untilFinished(undisturbed)).status).toBe('succeeded');
  }, patience);

  it(
    'succeeds with bit-identical weights from its last checkpoint after its worker is killed with -9',
    async () => {
      const id = await test.createJob(styleRef, aux, steps);
      await test.until(id, ({ progress }) => (progress?.step ?? 0) > 6);
      process.kill(test.service.workerPid() ?? 0, 'SIGKILL');
      const killedAt = Date.now();
      await test.until(id, ({ attempt }) => attempt === 2);
      expect(Date.now() - killedAt).toBeLessThan(60_000);
      const job = await test.untilFinished(id);
      expect(job).toMatchObject({ status: 'succeeded', attempt: 2, result: { final_step: 20 } });
      const events = await test.events(id);
      expect(events.filter(({ type }) => type === 'job.taken_over')).toHaveLength(1);
      expect((await test.checkpoints(id)).map(({ step }) => step)).toEqual([5, 10, 15, 20]);
      expect(await checkpointFolders(id)).toHaveLength(4);
      expect((await test.metrics(id)).map(({ step }) => step)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
      expect(await weightsHash(id)).toBe(await weightsHash(undisturbed));
    },
    patience,
  );

  it(
    'saves a checkpoint when it is cancelled, and stops',
    async () => {
      const id = await test.createJob(styleRef, aux, { max_train_steps: 5_000 });
      await test.until(id, ({ progress }) => (progress?.step ?? 0) > 2);
      await test.call('POST', `/v1/training-jobs/${id}/cancel`);
      const job = await test.untilFinished(id);
      const [checkpoint, ...others] = await test.checkpoints(id);
      const result = { final_step: checkpoint?.step, checkpoint_id: checkpoint?.id };
      expect(job).toMatchObject({ status: 'cancelled', attempt: 1, error: null, result });
      expect(others).toEqual([]);
      expect(checkpoint?.step).toBeGreaterThan(2);
      expect(checkpoint?.step).toBe((await test.metrics(id)).at(-1)?.step);
    },
    patience,
  );

  it(
    'saves a checkpoint when it is paused, ends with the same weights after it is resumed, and can then continue for more steps',
    async () => {
      const id = await test.createJob(styleRef, aux, { ...steps, checkpointing_steps: null });
      await test.until(id, ({ progress }) => (progress?.step ?? 0) > 2);
      await test.call('POST', `/v1/training-jobs/${id}/pause`);
      const paused = await test.until(id, ({ status }) => status !== 'running' && status !== 'pausing');
      expect(paused).toMatchObject({ status: 'paused', attempt: 1, result: null });
      const [checkpoint, ...others] = await test.checkpoints(id);
      expect(others).toEqual([]);
      expect(checkpoint?.step).toBe((await test.metrics(id)).at(-1)?.step);
      await test.call('POST', `/v1/training-jobs/${id}/resume`);
      expect(await test.untilFinished(id)).toMatchObject({ status: 'succeeded', attempt: 2, result: { final_step: 20 } });
      expect(await weightsHash(id)).toBe(await weightsHash(undisturbed));
      await test.call('POST', `/v1/training-jobs/${id}/resume`, { max_train_steps: 22 });
      expect(await test.untilFinished(id)).toMatchObject({ status: 'succeeded', attempt: 3, result: { final_step: 22 } });
      expect((await test.metrics(id)).map(({ step }) => step)).toEqual(Array.from({ length: 22 }, (_, index) => index + 1));
    },
    patience,
  );

  it(
    'saves a checkpoint and is put back when the service stops, and continues at the next start',
    async () => {
      const id = await test.createJob(styleRef, aux, { ...steps, checkpointing_steps: null });
      await test.until(id, ({ progress }) => (progress?.step ?? 0) > 2);
      await test.stop();
      await test.start();
      const job = await test.untilFinished(id);
      expect(job).toMatchObject({ status: 'succeeded', attempt: 2, error: null });
      const [atStop, atEnd, ...others] = (await test.checkpoints(id)).map(({ step }) => step);
      expect(others).toEqual([]);
      expect(atEnd).toBe(steps.max_train_steps);
      expect(atStop).toBeGreaterThan(2);
      expect(await weightsHash(id)).toBe(await weightsHash(undisturbed));
    },
    patience,
  );
});
