// The interface of devices: sessions, programs and trainings ask it instead of comparing names.
import { type Target } from '@styleforge/onnx';
import type ort from 'onnxruntime-node';
import { type MachineHints, type MachinePart } from '../machine/machine-part.ts';
import { type CudaEngine } from './cuda-engine.ts';

/** A kind of device, or one of several devices of a kind, such as `cuda:1`. */
export type DeviceName = Target | `${Target}:${number}`;

interface DeviceProperties {
  readonly name: DeviceName;
  /** The lowering that graphs are written with. */
  readonly target: Target;
  /** Index among the devices of its kind. */
  readonly index: number;
  /** Whether a machine may lack this device. Its absence is then an error in the settings, with a code of its own. */
  readonly isOptional: boolean;
  readonly precisions: DevicePrecisions;
  /** Whether a training may have additional graphs over its weights, for inputs of other shapes. */
  readonly takesFurtherGraphs: boolean;
  /** Optimizers that can update the weights in place. */
  readonly optimizers: readonly ('adamw' | 'prodigy')[];
  /**
   * Whether programs hold memory for speed by default (CompileOptions.keepMemory). The processor is as fast without
   * (docs/experiments/engine.md).
   */
  readonly keepsMemory: boolean;
  /** The number of an attention's scores up to which a training keeps them for the gradients. More scores are computed again. */
  readonly keptScores: number;
  /** Checks the device's requirements before anything is compiled, then calls `computes`, which compiles and runs a small graph. */
  readonly probe: (computes: () => Promise<void>) => Promise<void>;
  /** What the device requires of the machine, each part found or missing, for operators. Never throws. */
  readonly machineParts: (hints: MachineHints) => readonly MachinePart[];
}

/** A device that reads and writes the arrays of this process, driven through onnxruntime's C API. */
export interface HostDevice extends DeviceProperties {
  readonly stateIn: 'host';
}

/** A device whose memory onnxruntime-node exposes as tensors. */
export interface TensorDevice extends DeviceProperties {
  readonly stateIn: 'tensors';
  /** onnxruntime-node's options for a session on this device, in addition to those that all share. */
  readonly sessionOptions: ort.InferenceSession.SessionOptions;
}

/** A device that keeps state as flat blocks in its own memory, driven through onnxruntime's C API. */
export interface BlockDevice extends DeviceProperties {
  readonly stateIn: 'blocks';
  /** Throws if the card or a library is missing. */
  readonly engine: () => CudaEngine;
}

export type Device = HostDevice | TensorDevice | BlockDevice;

/** Where weights, gradients and moments are during a training, and where other programs keep bound weights between runs. */
export type StatePlace = Device['stateIn'];
/** Devices that keep their state in one location. */
export type DeviceOf<Place extends StatePlace> = Extract<Device, { readonly stateIn: Place }>;

export interface DevicePrecisions {
  /** Whether the device kind has float16 arithmetic; the probe with mixed precision checks the actual device. */
  readonly float16Products: boolean;
  /** Whether weights that a graph reads as float16 are stored as float16. Weights that do not train are then stored in float16 only. */
  readonly halfWeights?: boolean;
  readonly moments: readonly ('float32' | 'bfloat16')[];
  readonly gradients: readonly ('float32' | 'float16')[];
}

/** Default of `keptScores`: 4 MiB of scores. Keeping more made no device faster (docs/experiments/engine.md). */
export const MOST_KEPT_SCORES = 2 ** 20;

/** Creates the device of an index among the devices of one kind. */
export type DeviceKind = (index: number) => Device;

export const indexedName = (kind: Target, index: number): DeviceName => (index === 0 ? kind : `${kind}:${index}`);
