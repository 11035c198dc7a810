// Runs a graph on a card. Bound arrays are copied to a fixed place in its memory, and copied again when they have changed.
import { type Shape } from '@styleforge/autodiff';
import { type FloatPrecision, type OnnxModel, weightInput } from '@styleforge/onnx';
import { type BlockDevice } from '../devices/device.ts';
import { type CudaEngine } from '../devices/cuda-engine.ts';
import { expectCapable, ownKernelsOf } from '../devices/own-kernels.ts';
import { type Address, OnnxRuntimeError } from '../native/api.ts';
import { offsetBy } from '../native/cuda-runtime.ts';
import { type Owned } from '../native/owned.ts';
import { Binding, type NativeSession } from '../native/session.ts';
import { type ElementType, elementTypeOf, type TensorArray } from '../native/values.ts';
import { type CreateRunner, type Runner } from './runner.ts';
import { type CompileOptions, refusal, withinMemory } from './session.ts';

/** A tensor's place in the card's memory. Its address never changes, because a recorded graph reads it there. */
interface Place {
  readonly memory: Owned;
  readonly type: ElementType;
  array: TensorArray;
  isBehind: boolean;
}

/** Number of elements that are copied as float32 at once before they are stored as float16: 64 MiB. */
const NARROWED_AT_ONCE = 2 ** 24;

/** Maximum number of runs before one is recorded. The training graphs need three. */
const MOST_WARM_UPS = 10;

/**
 * When the warm-up runs, which are repeated until a run allocates nothing, are made. `beforehand`: in addition to the requested runs, for
 * programs that run thousands of times. `meanwhile`: the first requested runs are the warm-up.
 */
export type WarmUp = 'beforehand' | 'meanwhile';

interface RunnerOptions {
  readonly device: BlockDevice;
  readonly profiling: boolean;
  /** Whether the session records its runs. */
  readonly records: boolean;
  readonly warmsUp: WarmUp;
  /** Precisions in which the model reads each weight. */
  readonly weights: OnnxModel['weights'];
}

const BYTES: Readonly<Record<ElementType, number>> = { float16: 2, float32: 4, int32: 4, float64: 8 };

interface PlacedArray {
  readonly array: TensorArray;
  readonly shape: Shape;
  /** The element type on the card. */
  readonly type: ElementType;
}

const isNarrowed = ({ type, array }: Place): boolean => type === 'float16' && array instanceof Float32Array;

export class BlockRunner implements Runner {
  readonly #engine: CudaEngine;
  readonly #session: NativeSession;
  readonly #binding: Binding;
  readonly #profiling: boolean;
  readonly #device: BlockDevice;
  readonly #warmsUp: WarmUp;
  readonly #weights: OnnxModel['weights'];
  readonly #inputs = new Map<string, Place>();
  readonly #outputs = new Map<string, Place>();
  #bound = new Set<string>();
  #isWarm: boolean;

  constructor(engine: CudaEngine, session: NativeSession, { device, profiling, records, warmsUp, weights }: RunnerOptions) {
    this.#device = device;
    this.#warmsUp = warmsUp;
    this.#weights = weights;
    this.#engine = engine;
    this.#session = session;
    this.#binding = new Binding(session);
    this.#profiling = profiling;
    this.#isWarm = !records;
  }

  bind(name: string, array: TensorArray, shape: Shape): void {
    for (const [input] of this.#feed(name, array, shape)) this.#bound.add(input);
  }

  feed(name: string, array: TensorArray, shape: Shape): void {
    for (const [, place] of this.#feed(name, array, shape)) place.isBehind = true;
  }

  /** A place for each precision in which the model reads the value. */
  #feed(name: string, array: TensorArray, shape: Shape): (readonly [string, Place])[] {
    const precisions: readonly (FloatPrecision | null)[] = this.#weights.get(name) ?? [null];
    return precisions.map((precision) => {
      const input = precision ? weightInput(name, precision) : name;
      return [input, this.#place('input', input, { array, shape, type: precision ?? elementTypeOf(array) })];
    });
  }

  output(name: string, array: TensorArray, shape: Shape): void {
    this.#place('output', name, { array, shape, type: elementTypeOf(array) });
  }

  /** Binds memory of the card that another owner keeps at a fixed address. */
  attach(direction: 'input' | 'output', name: string, address: Address, bytes: number, type: 'float32' | 'float16', shape: Shape): void {
    this.#binding[direction](name, this.#engine.value(address, bytes, type, shape), null);
  }

  #place(direction: 'input' | 'output', name: string, { array, shape, type }: PlacedArray): Place {
    const places = direction === 'input' ? this.#inputs : this.#outputs;
    const existing = places.get(name);
    if (existing?.array.byteLength === array.byteLength && existing.type === type) {
      if (existing.array !== array) Object.assign(existing, { array, isBehind: true });
      return existing;
    }
    existing?.memory.release();
    const bytes = array.length * BYTES[type];
    const memory = this.#engine.runtime.allocate(bytes);
    const place = { memory, type, array, isBehind: true };
    places.set(name, place);
    this.#binding[direction](name, this.#engine.value(memory.handle, bytes, type, shape), null);
    return place;
  }

  refresh(): void {
    for (const name of this.#bound) this.#inputs.get(name)!.isBehind = true;
  }

  /** Throws DeviceMemoryError if the card has too little free memory. */
  run(): Promise<void> {
    return withinMemory(this.#device, () => this.#run());
  }

  async #run(): Promise<void> {
    const { runtime } = this.#engine;
    this.#upload();
    if (!this.#isWarm && this.#warmsUp === 'beforehand') await this.#warmUp();
    if (this.#isWarm) this.#engine.run(this.#binding);
    else this.#isWarm = !this.#allocatesInRun();
    for (const { array, memory } of this.#outputs.values()) runtime.download(memory.handle, array);
    await runtime.synchronize();
  }

  #upload(): void {
    const { runtime } = this.#engine;
    const behind = [...this.#inputs.values()].filter(({ isBehind }) => isBehind);
    const narrowed = behind.filter(isNarrowed);
    this.#uploadNarrowed(narrowed);
    for (const { array, memory } of behind.filter((place) => !narrowed.includes(place))) runtime.upload(array, memory.handle);
    for (const place of behind) place.isBehind = false;
  }

  /** Copies float32 arrays that are stored as float16 to the card, through a buffer. */
  #uploadNarrowed(places: readonly Place[]): void {
    if (places.length === 0) return;
    const { runtime, kernels } = this.#engine;
    const room = Math.min(NARROWED_AT_ONCE, Math.max(...places.map(({ array }) => array.length)));
    const buffer = runtime.allocate(room * BYTES.float32);
    for (const { array, memory } of places) {
      for (let start = 0; start < array.length; start += room) {
        const part = array.subarray(start, start + room);
        runtime.upload(part, buffer.handle);
        kernels.narrow(offsetBy(memory.handle, start * BYTES.float16), buffer.handle, part.length);
      }
    }
    // Waits for the kernels that read the buffer
    buffer.release();
  }

  /**
   * Runs until a run allocates nothing, because nothing may be allocated while a run is recorded. onnxruntime's arena does not release in
   * the order of allocation, so a second and a third run may allocate more. After a run without an allocation, the arena is as it was
   * before, and all later runs are alike.
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

  /** Runs once without recording. Returns whether it allocated memory of the card, which happens before the card computes. */
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

/**
 * Opens a runner that records one run and replays it, if memory is kept. A graph that onnxruntime cannot record runs without recording.
 */
export function openBlockRunner(
  engine: CudaEngine,
  device: BlockDevice,
  { bytes, weights }: Pick<OnnxModel, 'bytes' | 'weights'>,
  compile: CompileOptions,
  warmsUp: WarmUp,
): BlockRunner {
  const { keepMemory = true, profile, tf32 = true, records = true } = compile;
  const ownKernels = ownKernelsOf(device, compile);
  const create = (captures: boolean): BlockRunner => {
    const session = engine.session(bytes, { optimizes: keepMemory, captures, profile, tf32, hasOwnKernels: ownKernels.length > 0 });
    return new BlockRunner(engine, session, { device, profiling: profile !== undefined, records: captures, warmsUp, weights });
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

/** The engine of a device. Throws DeviceError if the card or a library is missing. */
export function engineOf(device: BlockDevice): CudaEngine {
  try {
    return device.engine();
  } catch (error) {
    throw refusal(device, error);
  }
}

/**
 * A runner for graphs that may run only once, such as those that generate images: the first runs return results, and later ones are
 * recorded and replayed.
 */
export const createBlockRunner: CreateRunner<'blocks'> = async (device, model, compile) =>
  openBlockRunner(engineOf(device), device, model, compile, 'meanwhile');
