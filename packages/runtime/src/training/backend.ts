// The interface of what computes gradients and applies them. Each backend keeps a training's state in one place.
import { type Graph, type Tensor } from '@styleforge/autodiff';
import { type DeviceOf, type StatePlace } from '../devices/device.ts';
import { type ParameterBuffers } from '../kernels/parameter-buffers.ts';
import { type AdamW, type AdamWOptions, type AdamWStep } from '../optimizers/adamw.ts';
import { type CompileOptions, type HostArray } from '../programs/session.ts';

/** Precision in which gradients are stored between a pass and its update. */
export type GradientPrecision = 'float32' | 'float16';

/** A graph, the results to copy to the host, and the gradients of the trainable weights by name. */
export interface GraphParts {
  readonly graph: Graph;
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly gradients: Readonly<Record<string, Tensor>>;
}

export interface BackendOptions<Place extends StatePlace = StatePlace> extends GraphParts {
  readonly device: DeviceOf<Place>;
  readonly compile: CompileOptions;
  readonly gradientPrecision: GradientPrecision;
  /** Buffers with the initial weights and moments, which `download` writes to. */
  readonly weights: ParameterBuffers;
  /** Weights that are only read. */
  readonly frozen: readonly (readonly [string, HostArray])[];
  readonly optimizer: AdamW;
  readonly adamw: AdamWOptions;
}

export interface PassOptions {
  /** Name of an additional graph. */
  readonly graph?: string | undefined;
  /** Index of the device that runs the pass. Default: the first. */
  readonly replica?: number;
}

export interface TrainingBackend {
  /** Number of passes that can run at the same time, on separate devices. Default: one. */
  readonly replicas?: number;
  /** Runs forward and backward, and adds the gradients to those since the last update. Returns the outputs. */
  backward(feeds: Readonly<Record<string, HostArray>>, options?: PassOptions): Promise<Record<string, Float32Array>>;
  /** Compiles an additional graph over the same weights; absent if the device does not support it. */
  addGraph?(name: string, parts: GraphParts): Promise<void>;
  /** Euclidean norm of the summed gradients. */
  gradientNorm(): Promise<number>;
  /** A copy of the summed gradients in float32, in the layout of the weights. Throws if there are none. */
  readGradients(): Promise<ParameterBuffers>;
  /** Adds the gradients of a pass that ran elsewhere, in the layout of the weights. */
  addGradients(gradients: ParameterBuffers): Promise<void>;
  /** Updates every weight once and discards the gradients. */
  update(step: AdamWStep): Promise<void>;
  /**
   * average -= share * (average - weights), computed where the weights are. `average` has the layout of the weights, and is filled by
   * `download`.
   */
  moveAverage(average: ParameterBuffers, share: number): Promise<void>;
  /** Discards the gradients without an update. */
  discardGradients(): void;
  /** Copies weights and moments into the host's buffers. Does nothing if they are already there. */
  download(): Promise<void>;
  release(): Promise<void>;
}

/** Prefix of gradients among a program's outputs. */
export const GRADIENT_PREFIX = 'gradient:';

export class NoGradientsError extends Error {
  override name = 'NoGradientsError';

  constructor() {
    super('there are no gradients: they exist between backward() and update()');
  }
}
