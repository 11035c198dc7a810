// Text to image: prompts through the text encoder, noise through the guided U-Net and a sampler, latents through the decoder.
import { elementCount, type Shape } from '@styleforge/autodiff';
import { type CompileOptions, deviceOf } from '@styleforge/runtime';
import { type ImageGeometry, wholeImage } from '../families/family.ts';
import { randomNormals } from '../random.ts';
import { componentOfKind, createSampler, type Sampler, type SamplerName } from '@styleforge/model-files';
import { type Conditions, type EncodedTexts, joinArrays, joinConditions, rowShapes, textsOf, zeroConditions } from './conditions.ts';
import { requireLight, requireNumbers } from './finite.ts';
import { guide, guideStyle, needsBasePrediction, type StyleGuidance } from './guidance.ts';
import { ModelPrograms } from './model-programs.ts';
import { fromBytes, toBytes } from './pixels.ts';
import {
  type DenoiseInputs,
  type GeneratedImage,
  type SamplingOptions,
  type TextToImageComponents,
  type TextToImageOptions,
} from './text-to-image-options.ts';

type Predict = (sample: Float32Array, timestep: number) => Promise<Float32Array>;

const seedLimit = 2 ** 32;
/** Maximum number of latent positions in one run, unless a single image has more. */
const batchPlaces = 4096;
const runLimit = 8;

/** Number of images of one run, by default. `height`, `width`: those of latents. */
export const imagesPerRun = (height: number, width: number): number =>
  Math.min(runLimit, Math.max(1, Math.floor(batchPlaces / (height * width))));

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class TextToImagePipeline {
  readonly components: TextToImageComponents;
  readonly #unet: ModelPrograms;
  readonly #vae: ModelPrograms;
  /** Text encoders in their order. */
  readonly #textEncoders: readonly ModelPrograms[];
  /** The model without its adapters. */
  readonly #base: TextToImagePipeline | undefined;

  constructor(components: TextToImageComponents, options: CompileOptions = {}) {
    this.components = components;
    const { weights, model } = components;
    const compile = { keepMemory: deviceOf(options.device).keepsMemory, ...options };
    const programs = (component: string, more: CompileOptions = {}): ModelPrograms =>
      new ModelPrograms(weights[component]!, { ...compile, ...more });
    this.#unet = programs(componentOfKind(model.files, 'unet'));
    // the decoder of some models overflows in float16
    this.#vae = programs(componentOfKind(model.files, 'autoencoder'), { mixedPrecision: false });
    this.#textEncoders = model.textEncoders.map(({ component }) => programs(component));
    this.#base = components.base && new TextToImagePipeline(components.base, options);
  }

  /** Width and height must be multiples of this number of pixels. */
  get sizeUnit(): number {
    return this.components.model.vae.downsamplingFactor;
  }

  get defaultSize(): number {
    return (this.components.model.unet.config.sample_size ?? 64) * this.sizeUnit;
  }

  /** Generates images, and yields each as soon as its batch is decoded. */
  async *generate(options: TextToImageOptions): AsyncGenerator<GeneratedImage> {
    const { width = this.defaultSize, height = this.defaultSize, seed } = options;
    this.#checkSize(width, height);
    const requests = this.#requests(options, seed);
    const size = [height / this.sizeUnit, width / this.sizeUnit] as const;
    const batchSize = options.batchSize ?? imagesPerRun(...size);
    const encoded = await this.#encodeTexts(options);
    const base = options.styleGuidance && (await this.#withoutAdapters().#encodeTexts(options));
    const start = options.from && (await this.encode(options.from.rgb, width, height));

    for (let first = 0; first < requests.length; first += batchSize) {
      const batch = requests.slice(first, first + batchSize);
      if (batch.every(({ index }) => options.made?.has(index))) continue;
      const shape = [batch.length, this.components.model.vae.config.latent_channels, ...size] as const;
      const count = elementCount(shape.slice(1));
      const noise = joinArrays(batch.map((image) => randomNormals({ seed: image.seed, step: 0, purpose: 'initial latents' }, count)));
      const latents = await this.denoise(
        {
          latents: noise,
          shape,
          from: start && { latents: joinArrays(batch.map(() => start)), strength: options.from!.strength },
          ...textsOf(encoded, batch),
          base: base && textsOf(base, batch),
        },
        options,
      );
      const pixels = await this.decode(latents, shape);
      requireNumbers(pixels, 'the pixels');
      for (const [i, image] of batch.entries()) {
        if (options.made?.has(image.index)) continue;
        const rgb = toBytes(pixels, i, width * height);
        requireLight(rgb);
        yield { ...image, width, height, rgb };
      }
    }
  }

  async #encodeTexts({ negativePrompt, prompts }: TextToImageOptions): Promise<EncodedTexts> {
    const encoded = new Map<string, Conditions>();
    for (const text of new Set([negativePrompt ?? '', ...prompts])) encoded.set(text, await this.encodeText(this.#tokenize(text)));
    return { prompts: encoded, negativePrompt: this.negativeOf(negativePrompt, encoded.get(negativePrompt ?? '')!) };
  }

  #withoutAdapters(): TextToImagePipeline {
    if (!this.#base) throw new Error('style guidance compares a model with itself without its adapters: this one has none');
    return this.#base;
  }

  /** Conditions of the negative prompt; zeros if there is none and the family uses zeros. */
  negativeOf(given: string | undefined, encoded: Conditions): Conditions {
    return given === undefined && this.components.model.zeroNegative ? zeroConditions(encoded) : encoded;
  }

  /** Encodes the token ids of one text, one list for each text encoder, as conditions of one row. */
  async encodeText(inputIds: readonly ArrayLike<number>[]): Promise<Conditions> {
    const { model, tokenizers } = this.components;
    const conditions: Record<string, Float32Array> = {};
    for (const [i, encoder] of model.textEncoders.entries()) {
      const ids = Int32Array.from(inputIds[i]!);
      const program = await this.#textEncoders[i]!.program(String(ids.length), (graph) =>
        encoder.encode(graph, encoder.inputs(graph, 1, ids.length)),
      );
      Object.assign(conditions, await program.run(encoder.feeds(ids, ids.length, tokenizers?.[i]?.endId)));
    }
    return conditions;
  }

  /** Denoises noise into latents for `decode`. */
  async denoise(inputs: DenoiseInputs, options: SamplingOptions): Promise<Float32Array> {
    const { latents: noise, from } = inputs;
    const sampler = this.#createSampler(options.sampler);
    sampler.setTimesteps(options.steps);
    if (from) sampler.startFrom(from.strength);
    const predict = await this.#guidedPredictor(inputs, options);
    const timesteps = sampler.remaining;
    let latents = from ? sampler.addNoise(from.latents, noise) : noise.map((value) => value * sampler.initNoiseSigma);
    for (const [step, timestep] of timesteps.entries()) {
      options.signal?.throwIfAborted();
      const scaled = sampler.scaleModelInput(latents, timestep);
      latents = Float32Array.from(sampler.step(await predict(scaled, timestep), timestep, latents));
      await options.onStep?.(step + 1, timesteps.length, latents);
      await nextTurn();
    }
    return latents;
  }

  /** Encodes interleaved bytes as latents [channels, h, w]: the mean of the encoder's posterior. */
  async encode(rgb: Uint8Array, width: number, height: number): Promise<Float32Array> {
    const { vae, latentFactor } = this.components.model;
    const shape = [1, vae.config.in_channels, height, width];
    const program = await this.#vae.program(`encode ${shape.join()}`, (graph) => ({
      latents: graph.mul(vae.encode(graph, graph.input('pixels', shape)).mean, latentFactor),
    }));
    return (await program.run({ pixels: fromBytes(rgb, width * height) })).latents;
  }

  /** Decodes latents [n, channels, h, w] to pixels [n, 3, height, width] in 0..1. */
  async decode(latents: Float32Array, shape: Shape): Promise<Float32Array> {
    const { model } = this.components;
    const program = await this.#vae.program(shape.join(), (graph) => ({ pixels: model.decode(graph, graph.input('latents', shape)) }));
    const { pixels } = await program.run({ latents });
    return pixels.map((value) => Math.min(Math.max(value / 2 + 0.5, 0), 1));
  }

  /** Loads the weights again into devices with memory of their own, after they have changed in place. */
  async refreshWeights(): Promise<void> {
    await Promise.all([this.#unet, ...this.#textEncoders].map((programs) => programs.refresh()));
  }

  /** Frees compiled programs and weights; the next call loads them again. */
  async release(): Promise<void> {
    const programs = [this.#unet, this.#vae, ...this.#textEncoders];
    await Promise.all([...programs.map((each) => each.release()), this.#base?.release()]);
  }

  #requests({ prompts, imagesPerPrompt = 1 }: TextToImageOptions, seed: number): { index: number; prompt: string; seed: number }[] {
    if (!Number.isInteger(seed) || seed < 0 || seed >= seedLimit)
      throw new RangeError(`seed is ${seed}: give a whole number from 0 to ${seedLimit - 1}`);
    return prompts
      .flatMap((prompt) => new Array<string>(imagesPerPrompt).fill(prompt))
      .map((prompt, index) => ({ index, prompt, seed: (seed + index) % seedLimit }));
  }

  #checkSize(width: number, height: number): void {
    const unit = this.sizeUnit;
    for (const [name, value] of Object.entries({ width, height })) {
      if (!Number.isInteger(value) || value < unit || value % unit !== 0)
        throw new RangeError(`${name} is ${value}: give a multiple of ${unit}`);
    }
  }

  #tokenize(text: string): ArrayLike<number>[] {
    const { tokenizers } = this.components;
    if (!tokenizers) throw new Error('this model has no tokenizer: add a tokenizer/ folder with vocab.json and merges.txt');
    return tokenizers.map((tokenizer) => tokenizer.encode(text));
  }

  #createSampler(name: SamplerName): Sampler {
    const { schedulerConfig, model } = this.components;
    return createSampler(name, { ...schedulerConfig, ...model.files.samplerFields });
  }

  /** The prediction for the sampler: that for the prompts, or one that is guided away from the negative prompt. */
  async #guidedPredictor(inputs: DenoiseInputs, { guidanceScale, styleGuidance }: SamplingOptions): Promise<Predict> {
    const { shape, prompts, negativePrompt, image } = inputs;
    const [count, ...size] = shape;
    if (styleGuidance) return this.#styleGuided(inputs, styleGuidance);
    if (guidanceScale <= 1) return this.#predictor(shape, prompts, image);
    const predict = await this.#predictor([2 * count, ...size], [...prompts.map(() => negativePrompt), ...prompts], image);
    return async (sample, timestep) => guide(await predict(joinArrays([sample, sample]), timestep), guidanceScale);
  }

  async #styleGuided({ shape, prompts, base, image }: DenoiseInputs, scales: StyleGuidance): Promise<Predict> {
    if (!base) throw new Error('style guidance needs the prompts as the model without adapters encodes them');
    const [count, ...size] = shape;
    const predictAdapted = await this.#predictor(shape, prompts, image);
    const negatives = base.prompts.map(() => base.negativePrompt);
    const both = needsBasePrediction(scales);
    const texts = both ? [...negatives, ...base.prompts] : negatives;
    const predictBase = await this.#withoutAdapters().#predictor([both ? 2 * count : count, ...size], texts, image);
    return async (sample, timestep) => {
      const adapted = await predictAdapted(sample, timestep);
      const of = await predictBase(both ? joinArrays([sample, sample]) : sample, timestep);
      const predictions = { adapted, negative: of.subarray(0, adapted.length), base: both ? of.subarray(adapted.length) : undefined };
      return guideStyle(predictions, scales);
    };
  }

  async #predictor(shape: Shape, texts: readonly Conditions[], told: ImageGeometry | undefined): Promise<Predict> {
    const { model } = this.components;
    const [runs, , height, width] = shape;
    const shapes = rowShapes(model, texts[0]!);
    const program = await this.#unet.program([...shape, ...Object.values(shapes).flat()].join(), (graph) => {
      const sample = graph.input('sample', shape);
      const inputs = model.sampleInputs(graph, runs);
      const rows = Object.entries(shapes).map(([name, row]) => [name, graph.input(name, [runs, ...row])] as const);
      return { prediction: model.denoise(graph, { sample, told: inputs, conditions: Object.fromEntries(rows) }) };
    });
    const conditions = joinConditions(texts);
    const images = new Array<ImageGeometry>(runs).fill(told ?? wholeImage(height * this.sizeUnit, width * this.sizeUnit));
    return async (sample, timestep) => {
      const feeds = model.sampleFeeds(new Float32Array(runs).fill(timestep), images);
      return (await program.run({ sample, ...feeds, ...conditions })).prediction;
    };
  }
}
