// What training does to weights: losses, precision, averages, accumulation, checkpointing of gradients.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomNormals } from '@styleforge/diffusion';
import {
  loadTrainableWeights,
  openModel,
  SINGLE_FILE,
  trainStyleForge,
  createTrainStep,
  trainStepFeeds,
  type TrainingProgress,
} from '@styleforge/styleforge';
import { SafetensorsReader } from '@styleforge/weights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { base, fingerprint, options, scratch, setUp, tearDown } from './trainer-fixture.ts';

beforeAll(setUp);
afterAll(tearDown);

describe('trainStyleForge', () => {
  it('lowers the loss on its training images', async () => {
    const history: TrainingProgress[] = [];
    await trainStyleForge(
      options(
        'learns',
        { max_train_steps: 60, learning_rate: 3e-3, crop: 'center' },
        { onProgress: (progress) => void history.push(progress) },
      ),
    );
    const mean = (part: TrainingProgress[]) => part.reduce((sum, { loss }) => sum + loss, 0) / part.length;
    expect(mean(history.slice(-15))).toBeLessThan(0.8 * mean(history.slice(0, 15)));
    for (const { loss, styleRefLoss, auxLoss } of history) expect(loss).toBeCloseTo(styleRefLoss + auxLoss!, 6);
  });

  it('trains on two devices like on one with accumulation within 1e-6, and resumes there', async () => {
    const changes = { max_train_steps: 2, gradient_accumulation_steps: 2, checkpointing_steps: 1 };
    const one = await trainStyleForge(options('one-device', changes));
    const replicas = ['cpu'] as const;
    const two = await trainStyleForge(options('two-devices', changes, { replicas }));
    const resumeFrom = join(scratch, 'two-devices', 'checkpoint-1');
    const resumed = await trainStyleForge(options('two-resumed', changes, { replicas, resumeFrom }));
    expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(two.directory));
    const file = join('unet', 'diffusion_pytorch_model.safetensors');
    const readers = await Promise.all([one, two].map(({ directory }) => SafetensorsReader.open(join(directory, file))));
    for (const name of readers[0].names()) {
      const [left, right] = await Promise.all(readers.map((reader) => reader.read(name)));
      expect(left.every((value, i) => Math.abs(value - right[i]) < 1e-6)).toBe(true);
    }
    await Promise.all(readers.map((reader) => reader.close()));
  });

  it('trains in mixed precision much like in float32, and resumes bit-identically with its loss scale', async () => {
    const changes = { max_train_steps: 3, gradient_accumulation_steps: 2, checkpointing_steps: 1 };
    const losses: number[] = [];
    const full = await trainStyleForge(options('full', changes, { onProgress: ({ loss }) => void losses.push(loss) }));
    // by the option of the engine: a job that asks for it is refused on the processor
    const compile = { mixedPrecision: true };
    const mixed = await trainStyleForge(
      options('mixed', changes, {
        compile,
        onProgress: ({ loss, step }) => expect(Math.abs(loss / losses[step - 1] - 1)).toBeLessThan(5e-3),
      }),
    );
    const resumed = await trainStyleForge(
      options('mixed-resumed', changes, { compile, resumeFrom: join(scratch, 'mixed', 'checkpoint-2') }),
    );
    expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(mixed.directory));
    expect(await fingerprint(mixed.directory)).not.toEqual(await fingerprint(full.directory));
    const state = JSON.parse(await readFile(join(mixed.directory, 'trainer_state', 'trainer_state.json'), 'utf8')) as {
      lossScale?: unknown;
    };
    expect(state.lossScale).toEqual({ value: 65536, steps: 3 });
  });

  it('saves an average of the weights as the model, and the weights themselves for an exact resume', async () => {
    const changes = { max_train_steps: 3, ema: true, checkpointing_steps: 1 };
    const whole = await trainStyleForge(options('averaged', changes));
    const resumed = await trainStyleForge(options('averaged-resumed', changes, { resumeFrom: join(scratch, 'averaged', 'checkpoint-2') }));
    expect(await fingerprint(resumed.directory)).toEqual(await fingerprint(whole.directory));
    const plain = await trainStyleForge(options('not-averaged', { ...changes, ema: false }));
    const open = (path: string) => SafetensorsReader.open(path);
    const model = (directory: string) => open(join(directory, 'unet', 'diffusion_pytorch_model.safetensors'));
    const files = [
      await model(whole.directory),
      await open(join(whole.directory, 'trainer_state', 'weights.safetensors')),
      await model(plain.directory),
    ];
    const [average, raw, expected] = [
      await files[0].read('conv_in.bias'),
      await files[1].read('unet.conv_in.bias'),
      await files[2].read('conv_in.bias'),
    ];
    expect(raw).toEqual(expected);
    expect(average).not.toEqual(raw);
    await Promise.all(files.map((file) => file.close()));
  });

  it('writes the finished model as one file too, and no earlier checkpoint', async () => {
    const { directory } = await trainStyleForge(options('single', { max_train_steps: 2, checkpointing_steps: 1 }));
    expect(await readdir(join(scratch, 'single', 'checkpoint-1'))).not.toContain('single-file');
    const [file, folder] = [
      await SafetensorsReader.open(join(directory, SINGLE_FILE)),
      await SafetensorsReader.open(join(directory, 'unet', 'diffusion_pytorch_model.safetensors')),
    ];
    const [half, whole] = [
      await file.read('model.diffusion_model.time_embed.0.weight'),
      await folder.read('time_embedding.linear_1.weight'),
    ];
    half.forEach((value, i) => expect(Math.abs(value - whole[i])).toBeLessThanOrEqual(Math.abs(whole[i]) * 2 ** -11 + 2 ** -25));
    await Promise.all([file.close(), folder.close()]);
  });

  it('does not change the text encoder unless it is trained', async () => {
    const frozen = await trainStyleForge(options('frozen', { train_text_encoder: false, max_train_steps: 2 }));
    const weights = join('text_encoder', 'model.safetensors');
    expect(await readFile(join(frozen.directory, weights))).toEqual(await readFile(join(base, weights)));
  });

  it('computes the same losses and gradients with and without gradient checkpointing', async () => {
    const model = await openModel(base);
    const batch = {
      latents: randomNormals({ seed: 1, step: 0, purpose: 'latents' }, 2 * 4 * 64),
      noise: randomNormals({ seed: 1, step: 0, purpose: 'noise' }, 2 * 4 * 64),
      timesteps: [100, 700],
      text: { input_ids: Int32Array.from({ length: 77 }, (_, i) => (31 * i) % 900) },
      images: [],
      promptOfSample: Int32Array.of(0, 0),
      sampleWeights: Float32Array.of(1, 0.5),
    };
    const pass = async (gradientCheckpointing: boolean) => {
      const step = await createTrainStep({
        model: model.networks,
        batchSize: 2,
        promptCount: 1,
        tokenCount: 77,
        latentShape: [4, 8, 8],
        trainsText: true,
        gradientCheckpointing,
        adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      });
      await loadTrainableWeights(model.folder, step.weights);
      const { sampleLosses: losses } = await step.backward(trainStepFeeds(model.networks, model.noiseScheduler, batch));
      const gradients = await step.readGradients();
      await step.release();
      return { losses, gradients };
    };
    const [kept, recomputed] = [await pass(false), await pass(true)];
    const difference = (x: Float32Array, y: Float32Array): number => Math.max(...x.map((value, i) => Math.abs(value - y[i])));
    expect(difference(kept.losses, recomputed.losses)).toBeLessThan(1e-6);
    for (const [name, gradient] of kept.gradients.entries()) {
      expect(difference(gradient, recomputed.gradients.get(name)), name).toBeLessThan(1e-6);
    }
  });

  it('computes the same gradient norm in two passes as in one pass over both halves', async () => {
    const model = await openModel(base);
    const draw = (purpose: string) => randomNormals({ seed: 1, step: 0, purpose }, 2 * 4 * 64);
    const [latents, noise, timesteps] = [draw('latents'), draw('noise'), [100, 700]];
    const inputIds = Int32Array.from({ length: 77 }, (_, i) => (31 * i) % 900);
    const normOf = async (passes: { from: number; to: number }[], batchSize: number) => {
      const step = await createTrainStep({
        model: model.networks,
        batchSize,
        promptCount: 1,
        tokenCount: 77,
        latentShape: [4, 8, 8],
        trainsText: true,
        adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      });
      await loadTrainableWeights(model.folder, step.weights);
      for (const { from, to } of passes) {
        const part = (values: Float32Array) => values.slice(from * 256, to * 256);
        const feeds = trainStepFeeds(model.networks, model.noiseScheduler, {
          latents: part(latents),
          noise: part(noise),
          timesteps: timesteps.slice(from, to),
          text: { input_ids: inputIds },
          images: [],
          promptOfSample: new Int32Array(batchSize),
          sampleWeights: new Float32Array(batchSize).fill(1 / batchSize),
        });
        await step.backward(feeds);
      }
      const { gradNorm } = await step.update({ learningRate: 1e-3, weightDecay: 0, maxGradNorm: 1e9 });
      await step.release();
      return gradNorm;
    };
    const [whole, halves] = [
      await normOf([{ from: 0, to: 2 }], 2),
      await normOf(
        [
          { from: 0, to: 1 },
          { from: 1, to: 2 },
        ],
        1,
      ),
    ];
    expect(halves / whole).toBeCloseTo(1, 5);
    expect((await normOf([{ from: 0, to: 1 }], 1)) / whole).not.toBeCloseTo(1, 2);
  });
});
