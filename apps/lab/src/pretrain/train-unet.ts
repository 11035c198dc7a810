// Stage two: the latent U-Net and its text encoder, trained together on captioned latents.
import { CLIPTextModel, CLIPTokenizer, DDPMScheduler, parseCLIPTextConfig, parseUNet2DConditionConfig, permutation, randomIntegers, randomNormals, UNet2DConditionModel } from '@styleforge/diffusion';
import { type ParameterBuffers } from '@styleforge/runtime';
import { drawCaption, type ImageCache } from '@styleforge/samples';
import { TEXT_ENCODER_PREFIX, TrainStep, type TrainStepBatch } from '@styleforge/styleforge';
import { join } from 'node:path';
import { LATENT_CHANNELS, LATENT_SIZE, schedulerConfig, textEncoderConfig, unetConfig } from './geometry.ts';
import { initializeWeights } from './initialize.ts';
import { LATENT_ELEMENTS, type LatentCache } from './latent-cache.ts';
import { runTrainingLoop } from './training-loop.ts';

export interface UnetStageOptions {
  readonly cache: ImageCache;
  readonly latents: LatentCache;
  readonly directory: string;
  readonly tokenizerDirectory: string;
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly snapshotMinutes: number;
  readonly threads?: number;
  readonly seed: number;
  readonly log: (line: string) => void;
  readonly onSnapshot: (weights: ParameterBuffers, step: number) => Promise<void>;
}

const EMPTY_CAPTION_SHARE = 0.1;
/** At the U-Net's rate the text encoder comes to say the same for every caption before the U-Net listens (docs/experiments/base-model.md). */
const TEXT_ENCODER_RATE = 0.1;

/** Draws batches: each picture once per pass, its caption anew each time. */
class BatchSource {
  readonly #options: UnetStageOptions;
  readonly #tokenizer: CLIPTokenizer;
  readonly #noiseScheduler: DDPMScheduler;
  readonly #ids = new Map<string, number[]>();
  #order: { epoch: number; indices: Int32Array } = { epoch: -1, indices: new Int32Array() };

  constructor(options: UnetStageOptions, tokenizer: CLIPTokenizer, noiseScheduler: DDPMScheduler) {
    this.#options = options;
    this.#tokenizer = tokenizer;
    this.#noiseScheduler = noiseScheduler;
  }

  #record(index: number): number {
    const { cache: { records: { length } }, seed } = this.#options;
    const epoch = Math.floor(index / length);
    if (this.#order.epoch !== epoch) this.#order = { epoch, indices: permutation({ seed, step: epoch, purpose: 'unet-order' }, length) };
    return this.#order.indices[index % length];
  }

  #tokens(caption: string): number[] {
    const known = this.#ids.get(caption) ?? this.#tokenizer.encode(caption);
    this.#ids.set(caption, known);
    return known;
  }

  batch(step: number): TrainStepBatch {
    const { cache: { records }, latents, batchSize, seed } = this.#options;
    const picks = Array.from({ length: batchSize }, (_, i) => this.#record(step * batchSize + i));
    const captions = picks.map((pick, i) => drawCaption(records[pick], records[pick].style, `${seed}/${step * batchSize + i}`, EMPTY_CAPTION_SHARE));
    const draw = (purpose: string): Float32Array => randomNormals({ seed, step, purpose }, batchSize * LATENT_ELEMENTS);
    const clean = draw('unet-posterior');
    picks.forEach((pick, i) => {
      for (let k = 0; k < LATENT_ELEMENTS; k++) {
        const [at, from] = [i * LATENT_ELEMENTS + k, pick * LATENT_ELEMENTS + k];
        clean[at] = (latents.mean[from] + latents.deviation[from] * clean[at]) * latents.scalingFactor;
      }
    });
    const timesteps = randomIntegers({ seed, step, purpose: 'unet-timesteps' }, batchSize, this.#noiseScheduler.numTrainTimesteps);
    return {
      latents: clean, noise: draw('unet-noise'), timesteps,
      inputIds: Int32Array.from(captions.flatMap((caption) => this.#tokens(caption))),
      promptOfSample: Int32Array.from({ length: batchSize }, (_, i) => i),
      sampleWeights: new Float32Array(batchSize).fill(1 / batchSize),
    };
  }
}

export async function trainUnet(options: UnetStageOptions): Promise<ParameterBuffers> {
  const noiseScheduler = new DDPMScheduler(schedulerConfig);
  const source = new BatchSource(options, await CLIPTokenizer.fromDirectory(options.tokenizerDirectory), noiseScheduler);
  const textConfig = parseCLIPTextConfig(textEncoderConfig);
  const trainStep = await TrainStep.create({
    unet: new UNet2DConditionModel(parseUNet2DConditionConfig(unetConfig)), textEncoder: new CLIPTextModel(textConfig), noiseScheduler,
    batchSize: options.batchSize, promptCount: options.batchSize, tokenCount: textConfig.max_position_embeddings,
    latentShape: [LATENT_CHANNELS, LATENT_SIZE, LATENT_SIZE], trainTextEncoder: true, adamw: {
      beta1: 0.9, beta2: 0.99, epsilon: 1e-8, learningRateScale: (name) => (name.startsWith(TEXT_ENCODER_PREFIX) ? TEXT_ENCODER_RATE : 1),
    },
    compile: { threads: options.threads },
  });
  initializeWeights(trainStep.weights, options.seed);
  const ema = await runTrainingLoop({
    weights: trainStep.weights, optimizer: trainStep.optimizer, update: (update) => trainStep.update(update),
    steps: options.steps, batchSize: options.batchSize, log: options.log, stateDirectory: join(options.directory, 'state-unet'),
    learningRate: options.learningRate, warmupSteps: 200, emaDecay: 0.999, maxGradNorm: 1, snapshotMinutes: options.snapshotMinutes,
    pass: async (step) => {
      const losses = await trainStep.backward(source.batch(step));
      return losses.reduce((sum, value) => sum + value, 0) / losses.length;
    },
    onSnapshot: (weights, { step }) => options.onSnapshot(weights, step),
  });
  await trainStep.release();
  return ema;
}
