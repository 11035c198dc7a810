// What computes gradients and applies them: a training's state in one place, behind one interface.
import { type Graph, type Tensor } from '@styleforge/autodiff';
import { type DeviceOf, type StatePlace } from '../devices/device.ts';
import { type ParameterBuffers } from '../kernels/parameter-buffers.ts';
import { type AdamW, type AdamWOptions, type AdamWStep } from '../optimizers/adamw.ts';
import { type CompileOptions, type HostArray } from '../programs/session.ts';

/** Precision in which the gradients are kept between a pass and its update. */
export type GradientPrecision = 'float32' | 'float16';

/** A graph, its results that come back to the host, and the gradients of the trainable weights by name. */
export interface GraphParts {
  readonly graph: Graph;
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly gradients: Readonly<Record<string, Tensor>>;
}

export interface BackendOptions<Place extends StatePlace = StatePlace> extends GraphParts {
  readonly device: DeviceOf<Place>;
  readonly compile: CompileOptions;
  readonly gradientPrecision: GradientPrecision;
  /** Where weights and moments come from at the first pass, and go to at `download`. */
  readonly weights: ParameterBuffers;
  /** Weights that are read only. */
  readonly frozen: readonly (readonly [string, HostArray])[];
  readonly optimizer: AdamW;
  readonly adamw: AdamWOptions;
}

export interface PassOptions {
  /** A further graph, by its name. */
  readonly graph?: string | undefined;
  /** Which of several devices makes the pass; default: the first. */
  readonly replica?: number;
}

export interface TrainingBackend {
  /** Passes that may be made at the same time, on devices of their own; default: one. */
  readonly replicas?: number;
  /** Forward and backward; gradients of passes since the last update are summed. Returns the outputs. */
  backward(feeds: Readonly<Record<string, HostArray>>, options?: PassOptions): Promise<Record<string, Float32Array>>;
  /** Compiles a further graph over the same weights; on devices that take one. */
  addGraph?(name: string, parts: GraphParts): Promise<void>;
  /** Euclidean norm of the summed gradients. */
  gradientNorm(): Promise<number>;
  /** A copy of the summed gradients in float32, in the layout of the weights. Throws where there are none. */
  readGradients(): Promise<ParameterBuffers>;
  /** Adds gradients of another pass, in the layout of the weights, as if it had been made here. */
  addGradients(gradients: ParameterBuffers): Promise<void>;
  /** One update of every weight; the gradients are gone afterwards. */
  update(step: AdamWStep): Promise<void>;
  /** average -= share * (average - weights), where the weights are; `average` has the layout of the weights and has the values after `download`. */
  moveAverage(average: ParameterBuffers, share: number): Promise<void>;
  /** Discards the gradients without an update. */
  discardGradients(): void;
  /** Brings weights and moments to the host's buffers; nothing where they are there already. */
  download(): Promise<void>;
  release(): Promise<void>;
}

/** Names of gradients among a program's outputs. */
export const GRADIENT_PREFIX = 'gradient:';

export class NoGradientsError extends Error {
  override name = 'NoGradientsError';

  constructor() {
    super('there are no gradients: they exist between backward() and update()');
  }
}
