// When a new training measures how well the base model's autoencoder reproduces its StyleRef images, which takes longer than all other
// preparations together where the processor computes.
import { deviceOf } from '@styleforge/runtime';
import { type BatchSource } from '../data/batches.ts';
import { measureReconstruction } from '../data/reconstruction.ts';
import { type TrainableModel } from '../model/model.ts';
import { autoencoderOf } from './open-run.ts';
import { type TrainStyleForgeOptions } from './training-options.ts';

type Options = Pick<TrainStyleForgeOptions, 'compile' | 'config' | 'onReconstruction' | 'resumeFrom'>;

export class ReconstructionReport {
  readonly #options: Options;
  readonly #source: Pick<BatchSource, 'styleRef'>;
  readonly #model: TrainableModel;
  #isDue: boolean;

  constructor(options: Options, source: Pick<BatchSource, 'styleRef'>, model: TrainableModel) {
    this.#options = options;
    this.#source = source;
    this.#model = model;
    this.#isDue = options.onReconstruction !== undefined && options.resumeFrom === undefined;
  }

  /** Measures where it is quick, and where a later step may leave no memory for it: on a device with memory of its own. */
  async beforeSteps(): Promise<void> {
    if (deviceOf(this.#options.compile?.device).stateIn !== 'host') await this.#measure();
  }

  /** Measures after the first step, unless the training is to stop. */
  async afterStep(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted !== true) await this.#measure();
  }

  async #measure(): Promise<void> {
    if (!this.#isDue) return;
    this.#isDue = false;
    const { compile, config, onReconstruction } = this.#options;
    const images = this.#source.styleRef.flat().map(({ image }) => image);
    const { resolution } = config.hyperparameters;
    await onReconstruction?.(await measureReconstruction(images, { ...autoencoderOf(this.#model), device: compile?.device, resolution }));
  }
}
