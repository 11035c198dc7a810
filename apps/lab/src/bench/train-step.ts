// The dual-binding step of a geometry with random weights, which benchmarks of training run.
import { DDPMScheduler, type DiffusionModel, type Feeds, randomNormals, wholeImage } from '@styleforge/diffusion';
import { type CompileOptions } from '@styleforge/runtime';
import { createTrainStep, dualBindingWeights, trainStepFeeds, type TrainStep, type TrainStepBatch } from '@styleforge/styleforge';
import { type Geometry, modelOfGeometry, schedulerConfig } from './geometries.ts';

const PROMPTS = 2;
/** Ids that every vocabulary of 49,408 words has as words. */
const WORDS = 49406;

function textFeeds({ textEncoders }: DiffusionModel, step: number): Feeds {
  const feeds = textEncoders.map((encoder) => {
    const tokens = encoder.model.config.max_position_embeddings;
    const ids = new Int32Array(PROMPTS * tokens).map((_, i) => (i * 7919 + step) % WORDS);
    return encoder.feeds(ids, tokens);
  });
  return Object.assign({}, ...feeds) as Feeds;
}

/** Inputs that are the same whenever they are made. */
export function batchFor(geometry: Geometry, step: number): TrainStepBatch {
  const { batchSize, latentShape } = geometry;
  const model = modelOfGeometry(geometry);
  const half = batchSize / 2;
  const size = batchSize * latentShape.reduce((product, dimension) => product * dimension, 1);
  const [, height, width] = latentShape.map((side) => side * model.vae.downsamplingFactor);
  return {
    latents: randomNormals({ seed: 1, step, purpose: 'latents' }, size),
    noise: randomNormals({ seed: 1, step, purpose: 'noise' }, size),
    timesteps: Int32Array.from({ length: batchSize }, (_, i) => (step * 271 + i * 97) % 1000),
    text: textFeeds(model, step),
    images: new Array(batchSize).fill(wholeImage(height, width)),
    promptOfSample: Int32Array.from({ length: batchSize }, (_, i) => (i < half ? 0 : 1)),
    sampleWeights: dualBindingWeights(half, half, 1),
  };
}

/** The feeds of one pass. */
export const feedsFor = (geometry: Geometry, step: number): Feeds =>
  trainStepFeeds(modelOfGeometry(geometry), new DDPMScheduler(schedulerConfig), batchFor(geometry, step));

export async function createStep(geometry: Geometry, compile: CompileOptions): Promise<TrainStep> {
  const model = modelOfGeometry(geometry);
  return createTrainStep({
    model,
    batchSize: geometry.batchSize,
    promptCount: PROMPTS,
    tokenCount: model.textEncoders[0].model.config.max_position_embeddings,
    latentShape: geometry.latentShape,
    trainsText: true,
    gradientCheckpointing: geometry.gradientCheckpointing,
    adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, momentPrecision: geometry.momentPrecision },
    gradientPrecision: geometry.gradientPrecision,
    compile,
  });
}
