// The training of one job: dual-binding fine-tuning from a base model to a checkpoint.
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { weightsOf } from '@styleforge/diffusion';
import { type CompileOptions, type ParameterBuffers } from '@styleforge/runtime';
import { drawBatch, promptIds, type AuxImages, type BatchSource, type StyleRefImages } from './batches.ts';
import { restoreCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { type StyleForgeConfig, TrainingInputError } from './config.ts';
import { startEma, updateEma } from './ema.ts';
import { loadImage } from './image-source.ts';
import { LatentSource } from './latent-source.ts';
import { learningRateAt } from './lr-schedule.ts';
import { loadTrainableWeights, openModel, type TrainableModel } from './model.ts';
import { frozenTextStates } from './text-states.ts';
import { TrainStep } from './train-step.ts';

export interface TrainingProgress {
  /** Updates made, and how many there will be. */
  readonly step: number;
  readonly of: number;
  /** styleRefLoss + lambda * auxLoss */
  readonly loss: number;
  readonly styleRefLoss: number;
  /** null where there is no Aux part. */
  readonly auxLoss: number | null;
  /** Global norm before clipping. */
  readonly gradNorm: number;
  readonly learningRate: number;
  /** StyleRef and Aux samples together. */
  readonly samplesPerSecond: number;
}

export interface TrainStyleForgeOptions {
  readonly baseModelDirectory: string;
  readonly config: StyleForgeConfig;
  /** Image files of each component with the prompt that binds it. */
  readonly styleRef: readonly { readonly component: string; readonly prompt: string; readonly images: readonly string[] }[];
  readonly aux: { readonly prompt: string; readonly images: readonly string[] } | null;
  /** Checkpoints are written below it as `checkpoint-<step>`. */
  readonly workDirectory: string;
  /** A checkpoint directory to continue from. */
  readonly resumeFrom?: string;
  /** Aborting saves a checkpoint, then throws the signal's reason. */
  readonly signal?: AbortSignal;
  readonly compile?: CompileOptions;
  readonly onProgress?: (progress: TrainingProgress) => void | Promise<void>;
  /** The directory is complete: a diffusers folder that also holds the trainer's state. */
  readonly onCheckpoint?: (checkpoint: { step: number; directory: string }) => void | Promise<void>;
}

/** Training cannot go on: the loss or the gradient is no longer a number. The last checkpoint is good. */
export class NonFiniteLossError extends Error {
  override name = 'NonFiniteLossError';
}

function checkOptions({ config, styleRef, aux }: TrainStyleForgeOptions): void {
  if (styleRef.length === 0) throw new TrainingInputError('style_ref has no components: give at least one with images');
  for (const { component, images } of styleRef) {
    if (images.length === 0) throw new TrainingInputError(`style_ref component '${component}' has no images: upload some, or leave the component out`);
  }
  if (aux && aux.images.length === 0) throw new TrainingInputError('aux has no images: upload some, or leave aux out');
  if ((aux === null) !== (config.aux === null)) throw new TrainingInputError('aux images and aux weight belong together: give both or neither');
}

async function openBatchSource(options: TrainStyleForgeOptions, model: TrainableModel): Promise<BatchSource> {
  const { config, config: { hyperparameters: { resolution, crop, seed } } } = options;
  const unit = model.vae.downsamplingFactor * 2 ** (model.unet.config.block_out_channels.length - 1);
  if (resolution % unit !== 0) throw new TrainingInputError(`hyperparameters.resolution is ${resolution}: this base model needs a multiple of ${unit}`);
  const load = (paths: readonly string[]) => Promise.all(paths.map((path) => loadImage(path, resolution)));
  const styleRef: StyleRefImages[] = [];
  for (const { component, prompt, images } of options.styleRef) styleRef.push({ component, prompt, images: await load(images) });
  const aux: AuxImages | null = options.aux && { prompt: options.aux.prompt, images: await load(options.aux.images) };
  const latents = new LatentSource({ vae: model.vae, weights: weightsOf(model.folder.vae), resolution, crop, seed });
  return { config, styleRef, aux, latents, model };
}

async function createTrainStep(source: BatchSource, model: TrainableModel, compile?: CompileOptions): Promise<TrainStep> {
  const { hyperparameters } = source.config;
  const samples = hyperparameters.train_batch_size * (source.aux ? 2 : 1);
  return TrainStep.create({
    unet: model.unet, textEncoder: model.textEncoder, noiseScheduler: model.noiseScheduler,
    batchSize: samples, promptCount: source.styleRef.length + (source.aux ? 1 : 0),
    tokenCount: model.textEncoder.config.max_position_embeddings, latentShape: source.latents.shape,
    trainTextEncoder: hyperparameters.train_text_encoder, gradientCheckpointing: hyperparameters.gradient_checkpointing,
    adamw: { beta1: hyperparameters.adam_beta1, beta2: hyperparameters.adam_beta2, epsilon: hyperparameters.adam_epsilon },
    compile,
  });
}

type TextInput = { inputIds: Int32Array } | { encoderHiddenStates: Float32Array };

interface RunParts {
  readonly source: BatchSource;
  readonly trainStep: TrainStep;
  readonly text: TextInput;
  readonly ema: ParameterBuffers | undefined;
  readonly globalStep: number;
}

/** Everything that one run holds on to while it steps. */
class Run {
  readonly #options: TrainStyleForgeOptions;
  readonly #source: BatchSource;
  readonly #trainStep: TrainStep;
  readonly #text: TextInput;
  readonly #ema: ParameterBuffers | undefined;
  globalStep: number;
  #lastSaved = -1;

  constructor(options: TrainStyleForgeOptions, { source, trainStep, text, ema, globalStep }: RunParts) {
    this.#options = options;
    this.#source = source;
    this.#trainStep = trainStep;
    this.#text = text;
    this.#ema = ema;
    this.globalStep = globalStep;
    if (globalStep > 0) this.#lastSaved = globalStep;
  }

  get directory(): string {
    return join(this.#options.workDirectory, `checkpoint-${this.globalStep}`);
  }

  /** One update from one or more passes. */
  async step(): Promise<TrainingProgress> {
    const started = performance.now();
    const { hyperparameters, aux } = this.#options.config;
    const { train_batch_size: count, gradient_accumulation_steps: passes, max_train_steps: of } = hyperparameters;
    let [styleRefLoss, auxLoss] = [0, 0];
    for (let i = 0; i < passes; i++) {
      const batch = await drawBatch(this.#source, this.globalStep * passes + i);
      const losses = await this.#trainStep.backward({ ...batch, ...this.#text });
      const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length) / passes;
      styleRefLoss += mean(losses.subarray(0, count));
      auxLoss += mean(losses.subarray(count));
    }
    const learningRate = learningRateAt(this.globalStep, hyperparameters);
    const loss = styleRefLoss + (aux?.weight ?? 0) * auxLoss;
    const { gradNorm } = Number.isFinite(loss)
      ? await this.#trainStep.update({ learningRate, weightDecay: hyperparameters.adam_weight_decay, maxGradNorm: hyperparameters.max_grad_norm })
      : { gradNorm: NaN };
    if (!Number.isFinite(gradNorm)) {
      throw new NonFiniteLossError(`loss ${loss}, gradient norm ${gradNorm} at step ${this.globalStep + 1}: lower learning_rate; the last checkpoint is kept`);
    }
    this.globalStep += 1;
    if (this.#ema) updateEma(this.#ema, this.#trainStep.weights, this.globalStep);
    const samples = count * passes * (this.#source.aux ? 2 : 1);
    const samplesPerSecond = (1000 * samples) / (performance.now() - started);
    return { step: this.globalStep, of, loss, styleRefLoss, auxLoss: aux ? auxLoss : null, gradNorm, learningRate, samplesPerSecond };
  }

  async save(): Promise<void> {
    if (this.#lastSaved === this.globalStep) return;
    const { baseModelDirectory, config } = this.#options;
    const state = { globalStep: this.globalStep, optimizerStep: this.#trainStep.optimizer.step, config };
    await writeCheckpoint(this.directory, baseModelDirectory, this.#trainStep, state, { ema: this.#ema, singleFile: this.globalStep >= config.hyperparameters.max_train_steps });
    this.#lastSaved = this.globalStep;
    await this.#options.onCheckpoint?.({ step: this.globalStep, directory: this.directory });
  }

  async toEnd(): Promise<void> {
    const { config: { hyperparameters }, signal } = this.#options;
    const { max_train_steps: last, checkpointing_steps: every } = hyperparameters;
    while (this.globalStep < last) {
      if (signal?.aborted) {
        if (this.globalStep > 0) await this.save();
        signal.throwIfAborted();
      }
      const progress = await this.step();
      await this.#options.onProgress?.(progress);
      if (every !== null && this.globalStep % every === 0) await this.save();
      await setImmediate();
    }
    await this.save();
  }
}

/**
 * Trains to `max_train_steps`. Blocks the thread during each step: run it in a process of its own.
 * Throws TrainingInputError for input that cannot be trained, NonFiniteLossError when the loss is lost.
 */
export async function trainStyleForge(options: TrainStyleForgeOptions): Promise<{ finalStep: number; directory: string }> {
  checkOptions(options);
  const model = await openModel(options.baseModelDirectory);
  const source = await openBatchSource(options, model);
  const inputIds = promptIds(source);
  const trainStep = await createTrainStep(source, model, options.compile);
  const { ema: averaged } = options.config.hyperparameters;
  let globalStep = 0;
  let ema: ParameterBuffers | undefined;
  if (options.resumeFrom === undefined) {
    await loadTrainableWeights(model.folder, trainStep.weights);
    ema = averaged ? startEma(trainStep.weights) : undefined;
  } else {
    ema = averaged ? trainStep.weights.alike() : undefined;
    ({ globalStep } = await restoreCheckpoint(options.resumeFrom, trainStep, ema));
  }
  const text: TextInput = options.config.hyperparameters.train_text_encoder ? { inputIds } : { encoderHiddenStates: await frozenTextStates(model, inputIds) };
  const run = new Run(options, { source, trainStep, text, ema, globalStep });
  try {
    await run.toEnd();
    const directory = run.globalStep === globalStep && options.resumeFrom !== undefined ? options.resumeFrom : run.directory;
    return { finalStep: run.globalStep, directory };
  } finally {
    await Promise.all([trainStep.release(), source.latents.release()]);
  }
}
