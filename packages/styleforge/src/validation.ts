// Images from the weights as they are in the middle of a training, from the same prompts and seeds every time.
import { type GeneratedImage, isSamplerName, samplerNames, TextToImagePipeline, type WeightSource, weightsOf } from '@styleforge/diffusion';
import { type CompileOptions, type ParameterBuffers } from '@styleforge/runtime';
import { type ValidationConfig, TrainingInputError } from './config.ts';
import { type TrainableModel } from './model.ts';
import { TEXT_ENCODER_PREFIX, UNET_PREFIX } from './train-step.ts';

export interface Validation {
  readonly step: number;
  /** Each as soon as it is made. */
  readonly images: AsyncIterable<GeneratedImage>;
}

/** The trained arrays themselves, so that nothing has to be loaded again after a step. */
function liveWeights(buffers: ParameterBuffers, prefix: string): WeightSource {
  return (wanted) => Promise.resolve(new Map([...wanted.keys()].map((name) => [name, buffers.get(prefix + name)])));
}

export class Validator {
  readonly #config: ValidationConfig;
  readonly #resolution: number;
  readonly #pipeline: TextToImagePipeline;

  /** `weights`: the trained ones, or their average where the run keeps one. */
  constructor(config: ValidationConfig, resolution: number, model: TrainableModel, weights: ParameterBuffers, compile?: CompileOptions) {
    const trainsText = weights.specs.some(({ name }) => name.startsWith(TEXT_ENCODER_PREFIX));
    const { unet, vae, textEncoder, tokenizer, folder } = model;
    this.#config = config;
    this.#resolution = resolution;
    this.#pipeline = new TextToImagePipeline(
      {
        unet,
        vae,
        textEncoder,
        schedulerConfig: folder.schedulerConfig,
        tokenize: (text) => tokenizer.encode(text),
        weights: {
          unet: liveWeights(weights, UNET_PREFIX),
          vae: weightsOf(folder.vae),
          textEncoder: trainsText ? liveWeights(weights, TEXT_ENCODER_PREFIX) : weightsOf(folder.textEncoder),
        },
      },
      compile,
    );
  }

  async *images(signal?: AbortSignal): AsyncGenerator<GeneratedImage> {
    await this.#pipeline.refreshWeights();
    const { prompts, num_images, sampler, steps, guidance_scale, negative_prompt, seed } = this.#config;
    if (!isSamplerName(sampler))
      throw new TrainingInputError(`validation.sampler '${sampler}' is unknown: choose one of ${samplerNames.join(', ')}`);
    yield* this.#pipeline.generate({
      prompts,
      sampler,
      steps,
      seed,
      imagesPerPrompt: num_images,
      guidanceScale: guidance_scale,
      negativePrompt: negative_prompt,
      width: this.#resolution,
      height: this.#resolution,
      ...(signal && { signal }),
    });
  }

  release(): Promise<void> {
    return this.#pipeline.release();
  }
}
