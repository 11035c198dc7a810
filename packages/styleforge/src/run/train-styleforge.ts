// The training of one job: dual-binding fine-tuning, from a base model to a checkpoint.
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { DeviceMemoryError, type ParameterBuffers, Prodigy } from '@styleforge/runtime';
import { samplesPerPass, type BatchSource } from '../data/batches.ts';
import { type Adaptation } from '../adaptations/adaptation.ts';
import { createAdaptation } from '../adaptations/create-adaptation.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { EarlyStopping, finiteScore, type ValidationScore } from './early-stopping.ts';
import { updateEma } from './ema.ts';
import { learningRateAt } from './lr-schedule.ts';
import { openModel, withTokens } from '../model/model.ts';
import { checkPrecision, openBatchSource, openTrainStep } from './open-run.ts';
import { PromptRows } from '../data/prompts.ts';
import { ReconstructionReport } from './reconstruction-report.ts';
import { type RunRequest } from './run-requests.ts';
import { fingerprintOfBase, startingState } from './starting-state.ts';
import { type ShapedStep } from '../loss/shaped-step.ts';
import { type Losses, makePasses } from './passes.ts';
import { makeUpdate } from './update.ts';
import { type TrainStep } from '../loss/train-step.ts';
import { type TrainingProgress, type TrainingResult, type TrainStyleForgeOptions } from './training-options.ts';
import { type SampleConfig, Validator } from './validation.ts';

/** Number of updates in which a full card makes the run compute activations again. Later, another program must have taken the memory. */
const FIRST_UPDATES = 3;

interface RunParts {
  readonly source: BatchSource;
  readonly shapes: ShapedStep;
  readonly adaptation: Adaptation;
  readonly prompts: PromptRows;
  readonly ema: ParameterBuffers | undefined;
  readonly validator: Validator;
  readonly earlyStopping: EarlyStopping | undefined;
  readonly globalStep: number;
  readonly baseModel: string;
  readonly reconstruction: ReconstructionReport;
}

type MadeUpdate = Losses & Pick<TrainingProgress, 'gradNorm'>;

/** State of a run between its steps. */
class Run {
  readonly #options: TrainStyleForgeOptions;
  readonly #source: BatchSource;
  readonly #shapes: ShapedStep;
  readonly #trainStep: TrainStep;
  readonly #adaptation: Adaptation;
  readonly #prompts: PromptRows;
  readonly #ema: ParameterBuffers | undefined;
  readonly #validator: Validator;
  readonly #earlyStopping: EarlyStopping | undefined;
  readonly #reconstruction: ReconstructionReport;
  globalStep: number;
  readonly #baseModel: string;
  #lastSaved = -1;
  #lastSampled = -1;
  #updates = 0;

  constructor(options: TrainStyleForgeOptions, parts: RunParts) {
    const { source, shapes, adaptation, prompts, ema, validator, earlyStopping, globalStep } = parts;
    this.#baseModel = parts.baseModel;
    this.#reconstruction = parts.reconstruction;
    this.#options = options;
    this.#source = source;
    this.#shapes = shapes;
    this.#trainStep = shapes.step;
    this.#adaptation = adaptation;
    this.#prompts = prompts;
    this.#ema = ema;
    this.#validator = validator;
    this.#earlyStopping = earlyStopping;
    this.globalStep = globalStep;
    if (globalStep > 0) this.#lastSaved = globalStep;
  }

  get directory(): string {
    return join(this.#options.workDirectory, `checkpoint-${this.globalStep}`);
  }

  /** Remedy for a loss that is not finite. Before the first update, a lower rate cannot help. */
  #remedy({ loss }: Losses): string {
    return this.globalStep === 0 && !Number.isFinite(loss)
      ? 'the base model gives no finite numbers for these images; take an intact one'
      : 'lower learning_rate; the last checkpoint is kept';
  }

  /** Makes an update. If the device has too little memory for one of the first, repeats it with all activations computed again. */
  async #update(learningRate: number): Promise<MadeUpdate> {
    try {
      return await this.#updateOnce(learningRate);
    } catch (error) {
      if (!(error instanceof DeviceMemoryError) || this.#shapes.savesAll || this.#updates >= FIRST_UPDATES) throw error;
      await this.#options.onRecomputation?.({ step: this.globalStep + 1, reason: error.message });
      await this.#shapes.saveAll();
      return await this.#updateOnce(learningRate);
    }
  }

  #updateOnce(learningRate: number): Promise<MadeUpdate> {
    const { adam_weight_decay: weightDecay, max_grad_norm: maxGradNorm } = this.#options.config.hyperparameters;
    const from = { source: this.#source, shapes: this.#shapes, prompts: this.#prompts };
    return makeUpdate(this.#trainStep, {
      ...{ learningRate, weightDecay, maxGradNorm },
      makePasses: () => makePasses(from, this.globalStep),
      explain: (losses) => `at step ${this.globalStep + 1}: ${this.#remedy(losses)}`,
    });
  }

  async step(): Promise<TrainingProgress> {
    const started = performance.now();
    const { hyperparameters } = this.#options.config;
    const learningRate = learningRateAt(this.globalStep, hyperparameters);
    const { rateFactor } = this.#trainStep.optimizer;
    const update = await this.#update(learningRate);
    this.globalStep += 1;
    this.#updates += 1;
    if (this.#ema) await updateEma(this.#trainStep, this.#ema, this.globalStep);
    const samples = hyperparameters.gradient_accumulation_steps * samplesPerPass(this.#source);
    const stepSeconds = (performance.now() - started) / 1000;
    return {
      step: this.globalStep,
      of: hyperparameters.max_train_steps,
      ...update,
      learningRate: learningRate * rateFactor,
      samplesPerSecond: samples / stepSeconds,
      stepSeconds,
    };
  }

  get best(): ValidationScore | null {
    return this.#earlyStopping?.best ?? null;
  }

  get scores(): readonly ValidationScore[] {
    return this.#earlyStopping?.scores ?? [];
  }

  /** Saves a checkpoint. If it may be the final one, the files of a finished model are written too. */
  get #mayBeLast(): boolean {
    const isEnd = this.globalStep >= this.#options.config.hyperparameters.max_train_steps || this.#earlyStopping?.isOver === true;
    return isEnd || this.best?.step === this.globalStep;
  }

  async save(): Promise<void> {
    if (this.#lastSaved === this.globalStep) return;
    const { baseModelDirectory, config } = this.#options;
    const { optimizer } = this.#trainStep;
    const state = {
      globalStep: this.globalStep,
      optimizerStep: optimizer.step,
      lossScale: this.#trainStep.lossScale?.state,
      ...(optimizer instanceof Prodigy && { prodigy: optimizer.state }),
      config,
      baseModel: this.#baseModel,
      ...(this.#earlyStopping && { scores: this.#earlyStopping.scores }),
    };
    await this.#trainStep.download();
    const trained = { adaptation: this.#adaptation, program: this.#trainStep, ema: this.#ema };
    await writeCheckpoint(this.directory, trained, state, { baseModelDirectory, final: this.#mayBeLast });
    this.#lastSaved = this.globalStep;
    await this.#options.onCheckpoint?.({ step: this.globalStep, directory: this.directory, best: this.best });
  }

  async #validate(): Promise<void> {
    const { validation, hyperparameters } = this.#options.config;
    if (!validation) return;
    if (this.globalStep % validation.every_steps !== 0 && this.globalStep !== hyperparameters.max_train_steps) return;
    if (this.#earlyStopping?.knows(this.globalStep)) return;
    const scored = await this.#sample(validation, false);
    if (this.#earlyStopping) this.#earlyStopping.add({ step: this.globalStep, value: finiteScore(scored) });
  }

  async #sample(config: SampleConfig, isRequested: boolean): Promise<{ score: number } | void> {
    const { onValidation, signal } = this.#options;
    if (!onValidation) return;
    await this.#trainStep.download();
    try {
      const scored = await onValidation({ step: this.globalStep, config, isRequested, images: this.#validator.images(config, signal) });
      this.#lastSampled = this.globalStep;
      return scored;
    } catch (error) {
      await this.#obey(signal);
      throw error;
    }
  }

  /** Fulfills a request, except for what this step has already saved or generated. */
  async #meet(request: RunRequest): Promise<void> {
    if (request.kind === 'checkpoint') await this.save();
    else if (this.#lastSampled !== this.globalStep) await this.#sample(request.config, true);
    await this.#options.requests?.met(request, this.globalStep);
  }

  /** Saves a checkpoint if there is anything new, then throws if the run was told to stop. */
  async #obey(signal: AbortSignal | undefined): Promise<void> {
    if (!signal?.aborted) return;
    if (this.globalStep > 0) await this.save();
    signal.throwIfAborted();
  }

  async toEnd(): Promise<void> {
    const {
      config: { hyperparameters },
      signal,
    } = this.#options;
    await this.#options.onStart?.();
    const { max_train_steps: last, checkpointing_steps: every } = hyperparameters;
    // Step 0, which is the base model; or, after a resume, a validation that may have been interrupted.
    await this.#validate();
    while (this.globalStep < last && this.#earlyStopping?.isOver !== true) {
      await this.#obey(signal);
      const progress = await this.step();
      await this.#options.onProgress?.(progress);
      await this.#reconstruction.afterStep(signal);
      await this.#validate();
      if ((every !== null && this.globalStep % every === 0) || this.best?.step === this.globalStep) await this.save();
      for (const request of this.#options.requests?.take() ?? []) await this.#meet(request);
      await setImmediate();
    }
    await this.save();
  }
}

/**
 * Trains to `max_train_steps`. Blocks the thread during each step, so it should run in a separate process.
 * Throws TrainingInputError for input that cannot be trained, and NonFiniteLossError if the loss is not finite.
 */
export async function trainStyleForge(options: TrainStyleForgeOptions): Promise<TrainingResult> {
  await checkPrecision(options.config.hyperparameters, options.compile?.device);
  const base = await openModel(options.baseModelDirectory);
  const baseModel = await fingerprintOfBase(options.baseModelDirectory);
  const tokens = options.styleRef.flatMap(({ token }) => token ?? []);
  const adaptation = createAdaptation(options.config, base, tokens);
  const model = withTokens(base, adaptation.tokens);
  const source = await openBatchSource(options, model, options.compile?.device);
  const reconstruction = new ReconstructionReport(options, source, model);
  await reconstruction.beforeSteps();
  const prompts = await PromptRows.create(model, source.prompts, adaptation.trainsText, options.compile?.device);
  const shapes = await openTrainStep(source, model, adaptation, options);
  const trainStep = shapes.step;
  const { globalStep, ema, earlyStopping } = await startingState(options, adaptation, trainStep, baseModel);
  const { resolution } = options.config.hyperparameters;
  const validator = new Validator({ resolution, model, weights: ema ?? trainStep.weights, adaptation, compile: options.compile });
  const run = new Run(options, {
    source,
    shapes,
    adaptation,
    prompts,
    ema,
    validator,
    earlyStopping,
    globalStep,
    baseModel,
    reconstruction,
  });
  try {
    await run.toEnd();
    const directory = run.globalStep === globalStep && options.resumeFrom !== undefined ? options.resumeFrom : run.directory;
    return { finalStep: run.globalStep, directory, best: run.best, scores: run.scores };
  } finally {
    await Promise.all([trainStep.release(), source.latents.release(), validator.release()]);
  }
}
