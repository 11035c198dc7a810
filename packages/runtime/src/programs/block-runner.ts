// Runs a graph on a card: bound arrays have a place in its memory, and are brought there again when they changed.
import { type Shape } from '@styleforge/autodiff';
import { type BlockDevice } from '../devices/device.ts';
import { type CudaEngine } from '../devices/cuda-engine.ts';
import { expectCapable, ownKernelsOf } from '../devices/own-kernels.ts';
import { type Address, OnnxRuntimeError } from '../native/api.ts';
import { type Owned } from '../native/owned.ts';
import { Binding, type NativeSession } from '../native/session.ts';
import { elementTypeOf, type TensorArray } from '../native/values.ts';
import { type CreateRunner, type Runner } from './runner.ts';
import { type CompileOptions, refusal, withinMemory } from './session.ts';

/** A tensor's place in the card's memory, which stays where it is: a recorded graph reads it there. */
interface Place {
  readonly memory: Owned;
  readonly bytes: number;
  array: TensorArray;
  isBehind: boolean;
}

/** Runs before one is recorded, at the most; three suffice for the training graphs. */
const MOST_WARM_UPS = 10;

/**
 * When a run is repeated until it allocates nothing, before it is recorded: beforehand, where there will be thousands, or meanwhile, where the first ones
 * are not to be made in vain.
 */
export type WarmUp = 'beforehand' | 'meanwhile';

interface RunnerOptions {
  readonly device: BlockDevice;
  readonly profiling: boolean;
  /** Whether the session records its runs. */
  readonly records: boolean;
  readonly warmsUp: WarmUp;
}

export class BlockRunner implements Runner {
  readonly #engine: CudaEngine;
  readonly #session: NativeSession;
  readonly #binding: Binding;
  readonly #profiling: boolean;
  readonly #device: BlockDevice;
  readonly #warmsUp: WarmUp;
  readonly #inputs = new Map<string, Place>();
  readonly #outputs = new Map<string, Place>();
  #bound = new Set<string>();
  #isWarm: boolean;

  constructor(engine: CudaEngine, session: NativeSession, { device, profiling, records, warmsUp }: RunnerOptions) {
    this.#device = device;
    this.#warmsUp = warmsUp;
    this.#engine = engine;
    this.#session = session;
    this.#binding = new Binding(session);
    this.#profiling = profiling;
    this.#isWarm = !records;
  }

  bind(name: string, array: TensorArray, shape: Shape): void {
    this.#bound.add(name);
    this.#place('input', name, array, shape);
  }

  feed(name: string, array: TensorArray, shape: Shape): void {
    this.#place('input', name, array, shape).isBehind = true;
  }

  output(name: string, array: TensorArray, shape: Shape): void {
    this.#place('output', name, array, shape);
  }

  /** A value that another owner keeps in the card's memory, at a fixed address. */
  attach(direction: 'input' | 'output', name: string, address: Address, bytes: number, type: 'float32' | 'float16', shape: Shape): void {
    this.#binding[direction](name, this.#engine.value(address, bytes, type, shape), null);
  }

  #place(direction: 'input' | 'output', name: string, array: TensorArray, shape: Shape): Place {
    const places = direction === 'input' ? this.#inputs : this.#outputs;
    const existing = places.get(name);
    if (existing?.bytes === array.byteLength) {
      if (existing.array !== array) Object.assign(existing, { array, isBehind: true });
      return existing;
    }
    existing?.memory.release();
    const memory = this.#engine.runtime.allocate(array.byteLength);
    const place = { memory, bytes: array.byteLength, array, isBehind: true };
    places.set(name, place);
    this.#binding[direction](name, this.#engine.value(memory.handle, place.bytes, elementTypeOf(array), shape), null);
    return place;
  }

  refresh(): void {
    for (const name of this.#bound) this.#inputs.get(name)!.isBehind = true;
  }

  /** Throws DeviceMemoryError where the card has too little memory free. */
  run(): Promise<void> {
    return withinMemory(this.#device, () => this.#run());
  }

  async #run(): Promise<void> {
    const { runtime } = this.#engine;
    for (const place of this.#inputs.values()) {
      if (place.isBehind) runtime.upload(place.array, place.memory.handle);
      place.isBehind = false;
    }
    if (!this.#isWarm && this.#warmsUp === 'beforehand') await this.#warmUp();
    if (this.#isWarm) this.#engine.run(this.#binding);
    else this.#isWarm = !this.#allocatesInRun();
    for (const { array, memory } of this.#outputs.values()) runtime.download(memory.handle, array);
    await runtime.synchronize();
  }

  /**
   * Nothing may be allocated while a run is recorded. onnxruntime's arena frees in another order than it allocates, so that a second and a third run may
   * ask for more; after a run that asked for nothing the arena is as it was before, and all further runs are alike.
   */
  async #warmUp(): Promise<void> {
    const { runtime } = this.#engine;
    for (let run = 0; run < MOST_WARM_UPS; run++) {
      const allocates = this.#allocatesInRun();
      await runtime.synchronize();
      if (!allocates) break;
    }
    this.#isWarm = true;
  }

  /** Runs without recording; whether memory of the card was asked for, which is done before the card computes. */
  #allocatesInRun(): boolean {
    const { runtime } = this.#engine;
    const { free } = runtime.memory;
    this.#engine.runPlainly(this.#binding);
    return runtime.memory.free !== free;
  }

  async release(): Promise<void> {
    await this.#engine.runtime.synchronize();
    this.#binding.release();
    if (this.#profiling) this.#session.endProfiling();
    this.#session.release();
    for (const { memory } of [...this.#inputs.values(), ...this.#outputs.values()]) memory.release();
    [this.#inputs, this.#outputs, this.#bound].forEach((places) => places.clear());
  }
}

/** A run is recorded once and replayed where memory is kept; a graph that onnxruntime cannot record runs as it is. */
export function openBlockRunner(
  engine: CudaEngine,
  device: BlockDevice,
  bytes: Uint8Array,
  compile: CompileOptions,
  warmsUp: WarmUp,
): BlockRunner {
  const { keepMemory = true, profile, tf32 = true, records = true } = compile;
  const ownKernels = ownKernelsOf(device, compile);
  const create = (captures: boolean): BlockRunner => {
    const session = engine.session(bytes, { optimizes: keepMemory, captures, profile, tf32, hasOwnKernels: ownKernels.length > 0 });
    return new BlockRunner(engine, session, { device, profiling: profile !== undefined, records: captures, warmsUp });
  };
  try {
    expectCapable(engine.runtime, ownKernels);
    if (!keepMemory || !records || profile !== undefined) return create(false);
    try {
      return create(true);
    } catch (error) {
      if (!(error instanceof OnnxRuntimeError && /graph capture/i.test(error.message))) throw error;
      return create(false);
    }
  } catch (error) {
    throw refusal(device, error);
  }
}

/** The engine of a device. Throws DeviceError where the card or a library is missing. */
export function engineOf(device: BlockDevice): CudaEngine {
  try {
    return device.engine();
  } catch (error) {
    throw refusal(device, error);
  }
}

/** Images may be generated once with a graph: its first runs count, and those after them are recorded and replayed. */
export const createBlockRunner: CreateRunner<'blocks'> = async (device, { bytes }, compile) =>
  openBlockRunner(engineOf(device), device, bytes, compile, 'meanwhile');
