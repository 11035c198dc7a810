// What runs a compiled graph over the host's arrays: one implementation for each place of state.
import { type Shape } from '@styleforge/autodiff';
import { type OnnxModel } from '@styleforge/onnx';
import { type DeviceOf, type StatePlace } from '../devices/device.ts';
import { type CompileOptions, type HostArray, type ResultArray } from './session.ts';

export interface Runner {
  /** Reads `array` at every run from now on. */
  bind(name: string, array: HostArray, shape: Shape): void;
  /** Bound arrays have changed. */
  refresh(): void;
  /** Reads `array` at the next run. */
  feed(name: string, array: HostArray, shape: Shape): void;
  /** Writes a result into `array` at every run from now on. */
  output(name: string, array: ResultArray, shape: Shape): void;
  /** Runs once; results are in their arrays afterwards. */
  run(): Promise<void>;
  release(): Promise<void>;
}

export type CreateRunner<Place extends StatePlace> = (
  device: DeviceOf<Place>,
  model: OnnxModel,
  options: CompileOptions,
) => Promise<Runner>;
