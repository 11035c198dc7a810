// A train step for batches of several sizes: a graph for each, compiled when first needed, over the same weights.
import { addTrainStepShape, rebuildTrainStep, type TrainStep, type TrainStepOptions } from './train-step.ts';

/** A graph that was compiled during a training. */
export interface CompiledShape {
  /** [channels, height, width] of the latents */
  readonly latentShape: readonly [number, number, number];
  readonly seconds: number;
}

export class ShapedStep {
  readonly step: TrainStep;
  #options: TrainStepOptions;
  readonly #onShape: ((shape: CompiledShape) => void) | undefined;

  /** `options`: those that `step` was created with. */
  constructor(step: TrainStep, options: TrainStepOptions, onShape?: (shape: CompiledShape) => void) {
    this.step = step;
    this.#options = options;
    this.#onShape = onShape;
  }

  /** Whether the step uses as little memory as it can, by computing all activations again in the backward pass. */
  get savesAll(): boolean {
    return this.#options.gradientCheckpointing === true && this.#options.recomputesAll === true;
  }

  /** Switches to that mode: compiles the step again over the same weights and moments. */
  async saveAll(): Promise<void> {
    this.#options = { ...this.#options, gradientCheckpointing: true, recomputesAll: true };
    await rebuildTrainStep(this.step, this.#options);
  }

  /** The name of the graph for latents of this shape; undefined for the step's first one. */
  async graphOf(latentShape: readonly [number, number, number]): Promise<string | undefined> {
    const name = latentShape.join('x');
    if (name === this.#options.latentShape.join('x')) return undefined;
    if (this.step.hasGraph(name)) return name;
    const started = performance.now();
    await addTrainStepShape(this.step, name, { ...this.#options, latentShape });
    this.#onShape?.({ latentShape, seconds: (performance.now() - started) / 1000 });
    return name;
  }
}
