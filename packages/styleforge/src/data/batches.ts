// Inputs of the training passes. They depend only on (seed, step, pass), so that a resumed run continues exactly.
import { elementCount } from '@styleforge/autodiff';
import { type ImageGeometry, randomIntegers, randomNormals } from '@styleforge/diffusion';
import { drawPrompt, type PromptChoice } from './captions.ts';
import { type StyleForgeConfig } from '../config.ts';
import { bucketsOf, drawBucketBatch, type Size } from './buckets.ts';
import { type SourceImage } from './image-source.ts';
import { type LatentSource } from './latent-source.ts';
import { type TrainableModel } from '../model/model.ts';
import { assignPrompts } from './prompts.ts';
import { drawFrom, drawMixed } from './sample-plan.ts';
import { dualBindingWeights, minSnrWeights, type TrainStepBatch } from '../loss/train-step.ts';

/** An image and its prompts. */
export interface Sample {
  readonly image: SourceImage;
  readonly prompt: PromptChoice;
}

export interface BatchSource {
  readonly config: StyleForgeConfig;
  /** The samples of each component. */
  readonly styleRef: readonly (readonly Sample[])[];
  readonly aux: readonly Sample[] | null;
  /** Distinct prompts. */
  readonly prompts: readonly string[];
  readonly latents: LatentSource;
  readonly model: Pick<TrainableModel, 'networks' | 'noiseScheduler'>;
}

/** The samples of one graph: a whole pass, or one part of it with buckets. */
interface Part {
  readonly samples: readonly Sample[];
  readonly styleRefCount: number;
  /** Name that separates the random streams of a pass's parts. */
  readonly purpose: string;
  /** Index of its first sample in the pass. */
  readonly first: number;
}

export interface Batch extends Omit<TrainStepBatch, 'text'> {
  /** Number of StyleRef samples, which come first; the rest are Aux samples. */
  readonly styleRefCount: number;
  /** [channels, height, width] of a sample's latents. */
  readonly shape: readonly [number, number, number];
  /** Numbers of the prompts to feed. */
  readonly read: readonly number[];
}

/** Number of StyleRef and Aux samples of one pass together. */
export function samplesPerPass({ config: { hyperparameters }, aux }: Pick<BatchSource, 'config' | 'aux'>): number {
  return hyperparameters.train_batch_size * (aux ? 2 : 1);
}

/** StyleRef samples, followed by the same number of Aux samples. */
function samplesOf({ config, styleRef, aux }: BatchSource, pass: number): Sample[] {
  const { train_batch_size: count, seed } = config.hyperparameters;
  const sizes = styleRef.map(({ length }) => length);
  const styleRefSamples = Array.from({ length: count }, (_, i) => {
    const { component, image } = drawMixed(sizes, pass * count + i, seed);
    return styleRef[component][image];
  });
  if (!aux) return styleRefSamples;
  return [...styleRefSamples, ...Array.from({ length: count }, (_, i) => aux[drawFrom(aux.length, pass * count + i, seed, 'aux')])];
}

/**
 * Parts of a pass. With buckets, components take turns from pass to pass, and Aux images form separate batches, because all images of
 * a batch have the same size.
 */
function partsOf(source: BatchSource, pass: number): Part[] {
  const { train_batch_size: count, seed, buckets } = source.config.hyperparameters;
  if (!buckets) return [{ samples: samplesOf(source, pass), styleRefCount: count, purpose: '', first: 0 }];
  const batchOf = (samples: readonly Sample[], index: number, purpose: string): Sample[] =>
    drawBucketBatch(bucketsOf(samples.map((sample) => ({ sample, size: sample.image.size }))), index, { count, seed, purpose }).map(
      ({ sample }) => sample,
    );
  const component = pass % source.styleRef.length;
  const turn = Math.floor(pass / source.styleRef.length);
  const styleRef = batchOf(source.styleRef[component], turn, `style-ref-${component}`);
  return [
    { samples: styleRef, styleRefCount: count, purpose: '', first: 0 },
    ...(source.aux ? [{ samples: batchOf(source.aux, pass, 'aux'), styleRefCount: 0, purpose: 'aux-', first: count }] : []),
  ];
}

/** Number of samples of one graph. */
export function samplesPerGraph(source: Pick<BatchSource, 'config' | 'aux'>): number {
  const { buckets, train_batch_size: count } = source.config.hyperparameters;
  return buckets ? count : samplesPerPass(source);
}

/** The most frequent size of StyleRef images. */
export function usualSize({ styleRef }: Pick<BatchSource, 'styleRef'>): Size {
  const buckets = bucketsOf(styleRef.flat().map(({ image }) => image));
  return buckets.reduce((most, bucket) => (bucket.length > most.length ? bucket : most))[0].size;
}

async function drawLatents(
  { config, latents: source }: BatchSource,
  { samples, purpose, first }: Part,
  pass: number,
): Promise<Pick<Batch, 'latents' | 'images' | 'shape' | 'mask'>> {
  const { seed, latent_sampling: sampling, masked_loss: isMasked, unmasked_weight: least } = config.hyperparameters;
  const shape = source.shapeOf(samples[0].image.size);
  const elements = elementCount(shape);
  const latents = new Float32Array(samples.length * elements);
  const images: ImageGeometry[] = [];
  const places = shape[1] * shape[2];
  const mask = isMasked ? new Float32Array(samples.length * places) : undefined;
  const posteriorNoise = sampling === 'sample' ? randomNormals({ seed, step: pass, purpose: `${purpose}posterior` }, latents.length) : null;
  for (const [i, { image }] of samples.entries()) {
    const crop = source.cropOf(image, { step: pass, index: first + i });
    images.push(source.geometryOf(image, crop));
    mask?.set(source.maskOf(image, crop, least), i * places);
    source.sampleInto(latents, i * elements, await source.moments(image, crop), posteriorNoise);
  }
  return { latents, images, shape, mask };
}

/** Normal noise. With an offset, one more value for each channel of a sample, as in diffusers' `noise_offset`. */
function drawNoise(
  {
    config: {
      hyperparameters: { seed, noise_offset: offset },
    },
  }: BatchSource,
  { samples: { length: count }, purpose }: Part,
  [channels, height, width]: Batch['shape'],
  pass: number,
): Float32Array {
  const plane = height * width;
  const noise = randomNormals({ seed, step: pass, purpose: `${purpose}noise` }, count * channels * plane);
  if (offset === 0) return noise;
  const shifts = randomNormals({ seed, step: pass, purpose: `${purpose}noise-offset` }, count * channels);
  return noise.map((value, i) => value + offset * shifts[Math.floor(i / plane)]);
}

/** Batches of pass number `pass`, counted over the whole run: one, or with buckets one for StyleRef and one for Aux. */
export async function drawBatches(source: BatchSource, pass: number): Promise<Batch[]> {
  const batches: Batch[] = [];
  for (const part of partsOf(source, pass)) batches.push(await drawPart(source, part, pass));
  return batches;
}

/** The only batch of a pass without buckets. */
export async function drawBatch(source: BatchSource, pass: number): Promise<Batch> {
  return (await drawBatches(source, pass))[0];
}

async function drawPart(source: BatchSource, part: Part, pass: number): Promise<Batch> {
  const {
    config: { hyperparameters, aux },
    model: { noiseScheduler },
    prompts,
  } = source;
  const { samples, styleRefCount, purpose, first } = part;
  const { seed, snr_gamma: snrGamma } = hyperparameters;
  const timesteps = randomIntegers({ seed, step: pass, purpose: `${purpose}timesteps` }, samples.length, noiseScheduler.numTrainTimesteps);
  const snrWeights = snrGamma === null ? undefined : minSnrWeights(noiseScheduler, timesteps, snrGamma);
  const latents = await drawLatents(source, part, pass);
  return {
    ...latents,
    styleRefCount,
    noise: drawNoise(source, part, latents.shape, pass),
    timesteps,
    ...assignPrompts(
      prompts.length,
      samples.map(({ prompt }, index) => drawPrompt(prompt, hyperparameters, { step: pass, index: first + index })),
    ),
    sampleWeights: dualBindingWeights(styleRefCount, samples.length - styleRefCount, aux?.weight ?? 0, snrWeights),
  };
}
