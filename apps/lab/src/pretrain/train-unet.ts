// Stage two: trains the latent U-Net and its text encoder together on captioned latents.
import {
  CLIPTokenizer,
  DDPMScheduler,
  modelOf,
  randomIntegers,
  randomNormals,
  type DiffusionModel,
  wholeImage,
} from '@styleforge/diffusion';
import { type ParameterBuffers } from '@styleforge/runtime';
import { createTrainStep, networkOf, prefixOf, type TrainStep, trainStepFeeds, type TrainStepBatch } from '@styleforge/styleforge';
import { join } from 'node:path';
import {
  IMAGE_SIZE,
  LATENT_CHANNELS,
  LATENT_SIZE,
  modelIndex,
  schedulerConfig,
  textEncoderConfig,
  unetConfig,
  vaeConfig,
} from './geometry.ts';
import { initializeWeights, initialTokenTable } from './initialize.ts';
import { LATENT_ELEMENTS, type LatentCache } from './latent-cache.ts';
import { measureConditioning } from './measure-conditioning.ts';
import { runTrainingLoop } from './training-loop.ts';
import { readInitialModel } from './initial-model.ts';
import { listUnknownWords } from './unknown-words.ts';
import { type UnetImages } from './unet-images.ts';
import { CaptionVocabulary } from './vocabulary.ts';

export interface UnetStageOptions {
  readonly images: UnetImages;
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
  /** Diffusers folder of the same shape to start from. Default: random weights. */
  readonly initialModel?: string;
  readonly onSnapshot: (weights: ParameterBuffers, step: number) => Promise<void>;
}

const EMPTY_CAPTION_SHARE = 0.1;
/** Share of the captions that name a style: StyleForge starts from a prompt with an unknown style word. */
const UNKNOWN_STYLE_SHARE = 0.3;
/**
 * Factor of the text encoder's learning rate. At the U-Net's rate, the text encoder converges to the same conditions whatever the caption
 * is before the U-Net follows them (docs/experiments/base-model.md).
 */
const TEXT_ENCODER_RATE = 0.1;

/** Selects batches: each image once per pass, with a newly chosen caption. */
class BatchSource {
  readonly #options: UnetStageOptions;
  readonly #vocabulary: CaptionVocabulary;
  readonly #unknownWords: readonly string[];
  readonly #noiseScheduler: DDPMScheduler;
  readonly #model: DiffusionModel;

  constructor(
    options: UnetStageOptions,
    vocabulary: CaptionVocabulary,
    unknownWords: readonly string[],
    model: DiffusionModel,
    noiseScheduler: DDPMScheduler,
  ) {
    this.#model = model;
    this.#options = options;
    this.#vocabulary = vocabulary;
    this.#unknownWords = unknownWords;
    this.#noiseScheduler = noiseScheduler;
  }

  batch(step: number): TrainStepBatch {
    const { images, latents, batchSize, seed } = this.#options;
    const picks = Array.from({ length: batchSize }, (_, i) => images.pick(step * batchSize + i));
    const choice = { emptyShare: EMPTY_CAPTION_SHARE, unknownShare: UNKNOWN_STYLE_SHARE, unknownWords: this.#unknownWords };
    const captions = picks.map((pick, i) => images.drawCaption(pick, `${seed}/${step * batchSize + i}`, choice));
    const draw = (purpose: string): Float32Array => randomNormals({ seed, step, purpose }, batchSize * LATENT_ELEMENTS);
    const clean = draw('unet-posterior');
    picks.forEach((pick, i) => {
      for (let k = 0; k < LATENT_ELEMENTS; k++) {
        const [at, from] = [i * LATENT_ELEMENTS + k, pick * LATENT_ELEMENTS + k];
        clean[at] = (latents.mean[from] + latents.deviation[from] * clean[at]) * latents.scalingFactor;
      }
    });
    const timesteps = randomIntegers({ seed, step, purpose: 'unet-timesteps' }, batchSize, this.#noiseScheduler.numTrainTimesteps);
    const ids = Int32Array.from(captions.flatMap((caption) => this.#vocabulary.encode(caption)));
    const [encoder] = this.#model.textEncoders;
    return {
      latents: clean,
      noise: draw('unet-noise'),
      timesteps,
      text: encoder.feeds(ids, ids.length / batchSize),
      images: new Array(batchSize).fill(wholeImage(IMAGE_SIZE, IMAGE_SIZE)),
      promptOfSample: Int32Array.from({ length: batchSize }, (_, i) => i),
      sampleWeights: new Float32Array(batchSize).fill(1 / batchSize),
    };
  }
}

async function openVocabulary({ tokenizerDirectory, images, seed }: UnetStageOptions, unknownWords: readonly string[]) {
  return new CaptionVocabulary({
    tokenizer: await CLIPTokenizer.fromDirectory(tokenizerDirectory),
    unknownWords,
    captions: ['', ...unknownWords, ...images.captions()],
    tableName: `${prefixOf('text_encoder')}embeddings.token_embedding.weight`,
    initialTable: () => initialTokenTable(seed, true),
    untrainedTable: () => initialTokenTable(seed, false),
  });
}

function createStep(model: DiffusionModel, { batchSize, threads }: UnetStageOptions): Promise<TrainStep> {
  return createTrainStep({
    model,
    batchSize,
    promptCount: batchSize,
    tokenCount: textEncoderConfig.max_position_embeddings,
    latentShape: [LATENT_CHANNELS, LATENT_SIZE, LATENT_SIZE],
    trainsText: true,
    adamw: {
      beta1: 0.9,
      beta2: 0.99,
      epsilon: 1e-8,
      ratesOf: (name) => ({ learningRateScale: networkOf(name) === 'text-encoder' ? TEXT_ENCODER_RATE : 1 }),
    },
    compile: { threads },
  });
}

export async function trainUnet(options: UnetStageOptions): Promise<ParameterBuffers> {
  const noiseScheduler = new DDPMScheduler(schedulerConfig);
  const unknownWords = await listUnknownWords(options.tokenizerDirectory);
  const vocabulary = await openVocabulary(options, unknownWords);
  const text_encoder = { ...textEncoderConfig, vocab_size: vocabulary.ids.length };
  const model = modelOf(modelIndex, { unet: unetConfig, vae: vaeConfig, text_encoder });
  const source = new BatchSource(options, vocabulary, unknownWords, model, noiseScheduler);
  const trainStep = await createStep(model, options);
  initializeWeights(trainStep.weights, options.seed);
  vocabulary.initialize(trainStep.weights);
  if (options.initialModel) await readInitialModel(options.initialModel, trainStep.weights, vocabulary);
  vocabulary.restoreUnknown(trainStep.weights);
  const ema = await runTrainingLoop({
    program: trainStep,
    afterUpdate: () => vocabulary.restoreUnknown(trainStep.weights),
    steps: options.steps,
    batchSize: options.batchSize,
    log: options.log,
    stateDirectory: join(options.directory, 'state-unet'),
    learningRate: options.learningRate,
    warmupSteps: 200,
    emaDecay: 0.999,
    maxGradNorm: 1,
    snapshotMinutes: options.snapshotMinutes,
    pass: async (step) => {
      const { sampleLosses: losses } = await trainStep.backward(trainStepFeeds(model, noiseScheduler, source.batch(step)));
      return losses.reduce((sum, value) => sum + value, 0) / losses.length;
    },
    onSnapshot: async (weights, { step }) => {
      options.log(await measureConditioning({ model, noiseScheduler, weights, batch: source.batch(step) }));
      await options.onSnapshot(vocabulary.expand(weights), step);
    },
  });
  await trainStep.release();
  return vocabulary.expand(ema);
}
