// Images from the weights as they are in the middle of a training, from the same prompts and seeds every time.
import { type Shape } from '@styleforge/autodiff';
import { givenText } from '@styleforge/contracts';
import {
  type GeneratedImage,
  isSamplerName,
  type ModelAdapter,
  samplerNames,
  TextToImagePipeline,
  type WeightSource,
  weightsOf,
} from '@styleforge/diffusion';
import { type CompileOptions, type ParameterBuffers } from '@styleforge/runtime';
import { type ValidationConfig, TrainingInputError } from '../config.ts';
import { type TrainableModel } from '../model/model.ts';
import { type Adaptation } from '../adaptations/adaptation.ts';
import { prefixOf } from '../model/parameter-names.ts';

/** Prompts and sampling settings of the sample images. */
export type SampleConfig = Omit<ValidationConfig, 'every_steps'>;

export interface Validation {
  readonly step: number;
  readonly config: SampleConfig;
  /** Whether the images were requested outside of the schedule; such images are not scored. */
  readonly isRequested: boolean;
  /** Receives each image as soon as it is generated. */
  readonly images: AsyncIterable<GeneratedImage>;
}

/** The trained arrays themselves, so that nothing has to be loaded again after a step; what is not trained comes from the base model. */
function liveWeights(trained: ParameterBuffers, prefix: string, base: WeightSource, adapter?: ModelAdapter): WeightSource {
  const find = (name: string): Float32Array | undefined =>
    [prefix + name, name].filter((known) => trained.has(known)).map((known) => trained.get(known))[0];
  const source = async (wanted: ReadonlyMap<string, Shape>): Promise<ReadonlyMap<string, Float32Array>> => {
    const others = new Map([...wanted].filter(([name]) => !find(name)));
    const read = others.size > 0 ? await base(others) : new Map<string, Float32Array>();
    return new Map([...wanted.keys()].map((name) => [name, find(name) ?? read.get(name)!]));
  };
  return Object.assign(source, { adapter: adapter && prefixed(adapter, prefix) });
}

/** The adapter of one component's own graph, where the models' names have no prefix. */
export function prefixed(adapter: ModelAdapter, prefix: string): ModelAdapter {
  return {
    weight: (graph, name, shape) => adapter.weight?.(graph, prefix + name, shape),
    layer: (graph, layer) => adapter.layer?.(graph, { ...layer, name: prefix + layer.name }) ?? layer.output,
  };
}

export interface ValidatorOptions {
  readonly resolution: number;
  readonly model: TrainableModel;
  /** The trained weights, or their average where the run keeps one. */
  readonly weights: ParameterBuffers;
  readonly adaptation: Pick<Adaptation, 'adapter'>;
  readonly compile?: CompileOptions | undefined;
}

export class Validator {
  readonly #resolution: number;
  readonly #pipeline: TextToImagePipeline;

  constructor({ resolution, model, weights, adaptation: { adapter }, compile }: ValidatorOptions) {
    const { networks, tokenizers, folder } = model;
    this.#resolution = resolution;
    this.#pipeline = new TextToImagePipeline(
      {
        model: networks,
        schedulerConfig: folder.schedulerConfig,
        tokenizers,
        weights: Object.fromEntries(
          folder.components.map((component) => {
            const stored = weightsOf(component);
            // the autoencoder never trains, and no adaptation is made for it
            const live = component.network === 'autoencoder' ? stored : liveWeights(weights, prefixOf(component.name), stored, adapter);
            return [component.name, live];
          }),
        ),
      },
      compile,
    );
  }

  async *images(config: SampleConfig, signal?: AbortSignal): AsyncGenerator<GeneratedImage> {
    await this.#pipeline.refreshWeights();
    const { prompts, num_images, sampler, steps, guidance_scale, negative_prompt, seed } = config;
    if (!isSamplerName(sampler))
      throw new TrainingInputError(`validation.sampler '${sampler}' is unknown: choose one of ${samplerNames.join(', ')}`);
    yield* this.#pipeline.generate({
      prompts,
      sampler,
      steps,
      seed,
      imagesPerPrompt: num_images,
      guidanceScale: guidance_scale,
      negativePrompt: givenText(negative_prompt),
      width: this.#resolution,
      height: this.#resolution,
      ...(signal && { signal }),
    });
  }

  release(): Promise<void> {
    return this.#pipeline.release();
  }
}
