// The dual-binding step of a geometry with random weights, for benchmarks of training.
import { elementCount } from '@styleforge/autodiff';
import { conditionShapes, DDPMScheduler, type DiffusionModel, type Feeds, randomNormals, wholeImage } from '@styleforge/diffusion';
import { type CompileOptions } from '@styleforge/runtime';
import {
  addLowRank,
  type Adaptation,
  createTrainStep,
  dualBindingWeights,
  trainStepFeeds,
  type TrainStep,
  type TrainStepBatch,
} from '@styleforge/styleforge';
import { type Geometry, modelOfGeometry, schedulerConfig } from './geometries.ts';
import { fillRandom } from './random-weights.ts';

/** Weights that are trained: all, or a LoRA of the U-Net's attention with prompts that were encoded before. */
export const BENCH_METHODS = ['full', 'lora'] as const;
export type BenchMethod = (typeof BENCH_METHODS)[number];

/** The LoRA of the benchmark: layers of every attention by the end of their names. */
export const BENCH_LORA = { rank: 16, alpha: 16, targets: ['to_q', 'to_k', 'to_v', 'to_out.0'] } as const;

const PROMPTS = 2;
/** The last ids of a vocabulary are special tokens. */
const SPECIAL = 2;

function textFeeds({ textEncoders }: DiffusionModel, step: number): Feeds {
  const feeds = textEncoders.map((encoder) => {
    const tokens = encoder.model.config.max_position_embeddings;
    const ids = new Int32Array(PROMPTS * tokens).map((_, i) => (i * 7919 + step) % (encoder.model.config.vocab_size - SPECIAL));
    return encoder.feeds(ids, tokens);
  });
  return Object.assign({}, ...feeds) as Feeds;
}

/** Random conditions in the shape of a text encoder's output. */
function conditionFeeds(model: DiffusionModel, step: number): Feeds {
  const rows = Object.entries(conditionShapes(model)).map(
    ([name, row]) => [name, randomNormals({ seed: 1, step, purpose: name }, PROMPTS * elementCount(row))] as const,
  );
  return Object.fromEntries(rows);
}

/** LoRA with the settings of the comparison in torch. */
export const LORA: Pick<Adaptation, 'adapter' | 'ratesOf'> = {
  adapter: {
    layer: (graph, layer) =>
      BENCH_LORA.targets.some((target) => layer.name.endsWith(`.${target}`)) ? addLowRank(graph, layer, BENCH_LORA) : layer.output,
  },
  ratesOf: (name) => (/\.lora_[AB]\.weight$/.test(name) ? {} : null),
};

const methods: Record<BenchMethod, { adaptation?: Pick<Adaptation, 'adapter' | 'ratesOf'>; text: typeof textFeeds; trainsText: boolean }> =
  {
    full: { text: textFeeds, trainsText: true },
    lora: {
      text: conditionFeeds,
      trainsText: false,
      adaptation: LORA,
    },
  };

/** Deterministic random inputs. */
export function batchFor(geometry: Geometry, step: number, method: BenchMethod = 'full'): TrainStepBatch {
  const { batchSize, latentShape } = geometry;
  const model = modelOfGeometry(geometry);
  const half = batchSize / 2;
  const size = batchSize * latentShape.reduce((product, dimension) => product * dimension, 1);
  const [, height, width] = latentShape.map((side) => side * model.vae.downsamplingFactor);
  return {
    latents: randomNormals({ seed: 1, step, purpose: 'latents' }, size),
    noise: randomNormals({ seed: 1, step, purpose: 'noise' }, size),
    timesteps: Int32Array.from({ length: batchSize }, (_, i) => (step * 271 + i * 97) % 1000),
    text: methods[method].text(model, step),
    images: new Array(batchSize).fill(wholeImage(height, width)),
    promptOfSample: Int32Array.from({ length: batchSize }, (_, i) => (i < half ? 0 : 1)),
    sampleWeights: dualBindingWeights(half, half, 1),
  };
}

/** The feeds of one pass. */
export const feedsFor = (geometry: Geometry, step: number, method: BenchMethod = 'full'): Feeds =>
  trainStepFeeds(modelOfGeometry(geometry), new DDPMScheduler(schedulerConfig), batchFor(geometry, step, method));

export async function createStep(geometry: Geometry, compile: CompileOptions, method: BenchMethod = 'full'): Promise<TrainStep> {
  const { trainsText, adaptation } = methods[method];
  const model = modelOfGeometry(geometry);
  return createTrainStep({
    model,
    batchSize: geometry.batchSize,
    promptCount: PROMPTS,
    tokenCount: model.textEncoders[0].model.config.max_position_embeddings,
    latentShape: geometry.latentShape,
    trainsText,
    ...(adaptation && { adaptation, frozenWeights: async (frozen) => fillRandom(frozen) }),
    gradientCheckpointing: geometry.gradientCheckpointing,
    adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, momentPrecision: geometry.momentPrecision },
    gradientPrecision: geometry.gradientPrecision,
    compile,
  });
}
