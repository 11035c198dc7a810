// The inputs of every training pass, drawn by (seed, step, pass) alone so that a resumed run continues exactly.
import { type ImageGeometry, randomIntegers, randomNormals } from '@styleforge/diffusion';
import { drawPrompt, type PromptChoice } from './captions.ts';
import { type StyleForgeConfig } from './config.ts';
import { type SourceImage } from './image-source.ts';
import { type LatentSource } from './latent-source.ts';
import { type TrainableModel } from './model.ts';
import { assignPrompts } from './prompts.ts';
import { drawFrom, drawMixed } from './sample-plan.ts';
import { dualBindingWeights, minSnrWeights, type TrainStepBatch } from './train-step.ts';

/** An image and the prompts that it is trained with. */
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

export interface Batch extends Omit<TrainStepBatch, 'text'> {
  /** The prompts to feed, by number. */
  readonly read: readonly number[];
}

/** StyleRef and Aux samples of one pass together. */
export function samplesPerPass({ config: { hyperparameters }, aux }: Pick<BatchSource, 'config' | 'aux'>): number {
  return hyperparameters.train_batch_size * (aux ? 2 : 1);
}

/** StyleRef samples first, then as many Aux samples. */
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

async function drawLatents(
  { config, latents: source }: BatchSource,
  samples: readonly Sample[],
  pass: number,
): Promise<Pick<Batch, 'latents' | 'images'>> {
  const { seed, latent_sampling: sampling } = config.hyperparameters;
  const latents = new Float32Array(samples.length * source.elements);
  const images: ImageGeometry[] = [];
  const posteriorNoise = sampling === 'sample' ? randomNormals({ seed, step: pass, purpose: 'posterior' }, latents.length) : null;
  for (const [i, { image }] of samples.entries()) {
    const crop = source.cropOf(image, { step: pass, index: i });
    images.push(source.geometryOf(image, crop));
    source.sampleInto(latents, i * source.elements, await source.moments(image, crop), posteriorNoise);
  }
  return { latents, images };
}

/** Normal noise; with an offset one further value for each channel of a sample, as diffusers' `noise_offset`. */
function drawNoise(
  {
    config: {
      hyperparameters: { seed, noise_offset: offset },
    },
    latents: {
      shape: [channels, height, width],
    },
  }: BatchSource,
  count: number,
  pass: number,
): Float32Array {
  const plane = height * width;
  const noise = randomNormals({ seed, step: pass, purpose: 'noise' }, count * channels * plane);
  if (offset === 0) return noise;
  const shifts = randomNormals({ seed, step: pass, purpose: 'noise-offset' }, count * channels);
  return noise.map((value, i) => value + offset * shifts[Math.floor(i / plane)]);
}

/** Pass number `pass`, counted through the whole run. */
export async function drawBatch(source: BatchSource, pass: number): Promise<Batch> {
  const {
    config: { hyperparameters, aux },
    model: { noiseScheduler },
    prompts,
  } = source;
  const { seed, train_batch_size: styleRefCount, snr_gamma: snrGamma } = hyperparameters;
  const samples = samplesOf(source, pass);
  const timesteps = randomIntegers({ seed, step: pass, purpose: 'timesteps' }, samples.length, noiseScheduler.numTrainTimesteps);
  const snrWeights = snrGamma === null ? undefined : minSnrWeights(noiseScheduler, timesteps, snrGamma);
  return {
    ...(await drawLatents(source, samples, pass)),
    noise: drawNoise(source, samples.length, pass),
    timesteps,
    ...assignPrompts(
      prompts.length,
      samples.map(({ prompt }, index) => drawPrompt(prompt, hyperparameters, { step: pass, index })),
    ),
    sampleWeights: dualBindingWeights(styleRefCount, samples.length - styleRefCount, aux?.weight ?? 0, snrWeights),
  };
}
