// The inputs of every training pass, drawn by (seed, step, pass) alone so that a resumed run continues exactly.
import { randomIntegers, randomNormals } from '@styleforge/diffusion';
import { type StyleForgeConfig } from './config.ts';
import { type SourceImage } from './image-source.ts';
import { type LatentSource } from './latent-source.ts';
import { type TrainableModel } from './model.ts';
import { drawFrom, drawMixed } from './sample-plan.ts';
import { dualBindingWeights, minSnrWeights, type TrainStepBatch } from './train-step.ts';

export interface StyleRefImages {
  readonly component: string;
  readonly prompt: string;
  readonly images: readonly SourceImage[];
}

export interface AuxImages {
  readonly prompt: string;
  readonly images: readonly SourceImage[];
}

export interface BatchSource {
  readonly config: StyleForgeConfig;
  readonly styleRef: readonly StyleRefImages[];
  readonly aux: AuxImages | null;
  readonly latents: LatentSource;
  readonly model: Pick<TrainableModel, 'noiseScheduler' | 'tokenizer'>;
}

interface Sample {
  readonly image: SourceImage;
  readonly prompt: number;
}

/** StyleRef samples first, then as many Aux samples; prompts are the components', then the Aux prompt. */
function samplesOf({ config, styleRef, aux }: BatchSource, pass: number): Sample[] {
  const { train_batch_size: count, seed } = config.hyperparameters;
  const sizes = styleRef.map(({ images }) => images.length);
  const styleRefSamples = Array.from({ length: count }, (_, i) => {
    const { component, image } = drawMixed(sizes, pass * count + i, seed);
    return { image: styleRef[component].images[image], prompt: component };
  });
  if (!aux) return styleRefSamples;
  const auxSamples = Array.from({ length: count }, (_, i) =>
    ({ image: aux.images[drawFrom(aux.images.length, pass * count + i, seed, 'aux')], prompt: styleRef.length }));
  return [...styleRefSamples, ...auxSamples];
}

/** Token ids of all prompts, one row each: the components' in order, then the Aux prompt. */
export function promptIds({ styleRef, aux, model }: Pick<BatchSource, 'styleRef' | 'aux' | 'model'>): Int32Array {
  const prompts = [...styleRef.map(({ prompt }) => prompt), ...(aux ? [aux.prompt] : [])];
  return Int32Array.from(prompts.flatMap((prompt) => model.tokenizer.encode(prompt)));
}

/** Pass number `pass`, counted through the whole run. */
export async function drawBatch(source: BatchSource, pass: number): Promise<Omit<TrainStepBatch, 'inputIds' | 'encoderHiddenStates'>> {
  const { config: { hyperparameters, aux }, latents: latentSource, model: { noiseScheduler } } = source;
  const { seed, train_batch_size: styleRefCount, snr_gamma: snrGamma } = hyperparameters;
  const samples = samplesOf(source, pass);
  const size = latentSource.elements;
  const draw = (purpose: string): Float32Array => randomNormals({ seed, step: pass, purpose }, samples.length * size);
  const [posteriorNoise, noise] = [draw('posterior'), draw('noise')];
  const latents = new Float32Array(samples.length * size);
  for (const [i, { image }] of samples.entries()) {
    latentSource.sampleInto(latents, i * size, await latentSource.moments(image, { step: pass, index: i }), posteriorNoise);
  }
  const timesteps = randomIntegers({ seed, step: pass, purpose: 'timesteps' }, samples.length, noiseScheduler.numTrainTimesteps);
  const snrWeights = snrGamma === null ? undefined : minSnrWeights(noiseScheduler, timesteps, snrGamma);
  return {
    latents, noise, timesteps,
    promptOfSample: Int32Array.from(samples, ({ prompt }) => prompt),
    sampleWeights: dualBindingWeights(styleRefCount, samples.length - styleRefCount, aux?.weight ?? 0, snrWeights),
  };
}
