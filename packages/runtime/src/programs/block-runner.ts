// Runs a graph on a card: bound arrays have a place in its memory, and are brought there again when they changed.
import { type Shape } from '@styleforge/autodiff';
import { type CudaEngine } from '../devices/cuda-engine.ts';
import { type Address } from '../native/api.ts';
import { type Owned } from '../native/owned.ts';
import { Binding, type NativeSession } from '../native/session.ts';
import { elementTypeOf, type TensorArray } from '../native/values.ts';
import { type CreateRunner, type Runner } from './runner.ts';
import { refusal } from './session.ts';

/** A tensor's place in the card's memory, which stays where it is: a recorded graph reads it there. */
interface Place {
  readonly memory: Owned;
  readonly bytes: number;
  array: TensorArray;
  isBehind: boolean;
}

export class BlockRunner implements Runner {
  readonly #engine: CudaEngine;
  readonly #session: NativeSession;
  readonly #binding: Binding;
  readonly #profiling: boolean;
  readonly #inputs = new Map<string, Place>();
  readonly #outputs = new Map<string, Place>();
  #bound = new Set<string>();

  constructor(engine: CudaEngine, session: NativeSession, profiling: boolean) {
    this.#engine = engine;
    this.#session = session;
    this.#binding = new Binding(session);
    this.#profiling = profiling;
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

  async run(): Promise<void> {
    const { runtime } = this.#engine;
    for (const place of this.#inputs.values()) {
      if (place.isBehind) runtime.upload(place.array, place.memory.handle);
      place.isBehind = false;
    }
    this.#engine.run(this.#binding);
    for (const { array, memory } of this.#outputs.values()) runtime.download(memory.handle, array);
    await runtime.synchronize();
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

export const createBlockRunner: CreateRunner<'blocks'> = async (device, { bytes }, { keepMemory = true, profile }) => {
  try {
    const engine = device.engine();
    return new BlockRunner(engine, engine.session(bytes, { optimizes: keepMemory, captures: false, profile }), profile !== undefined);
  } catch (error) {
    throw refusal(device, error);
  }
};
