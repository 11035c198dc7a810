// The interface of what runs a compiled graph over host arrays. Each place of state has its own implementation.
import { type Shape } from '@styleforge/autodiff';
import { type OnnxModel } from '@styleforge/onnx';
import { type DeviceOf, type StatePlace } from '../devices/device.ts';
import { type CompileOptions, type HostArray, type ResultArray } from './session.ts';

export interface Runner {
  /** Reads `array` in every later run. */
  bind(name: string, array: HostArray, shape: Shape): void;
  /** Makes the next run read bound arrays again, because they have changed. */
  refresh(): void;
  /** Reads `array` in the next run. */
  feed(name: string, array: HostArray, shape: Shape): void;
  /** Writes a result into `array` in every later run. */
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
