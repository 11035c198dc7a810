// Runs a graph on the processor, directly in the host's arrays: each array is bound once, and nothing is copied.
import { type Shape } from '@styleforge/autodiff';
import { Binding, type NativeSession } from '../native/session.ts';
import { type TensorArray, valueOver } from '../native/values.ts';
import { type CreateRunner, type Runner } from './runner.ts';
import { processorSession, refusal } from './session.ts';

export class HostRunner implements Runner {
  readonly #session: NativeSession;
  readonly #binding: Binding;
  readonly #profiling: boolean;
  /** Bound arrays by direction and name. */
  readonly #arrays = new Map<string, TensorArray>();

  constructor(session: NativeSession, profiling: boolean) {
    this.#session = session;
    this.#binding = new Binding(session);
    this.#profiling = profiling;
  }

  bind(name: string, array: TensorArray, shape: Shape): void {
    this.#place('input', name, array, shape);
  }

  feed(name: string, array: TensorArray, shape: Shape): void {
    this.#place('input', name, array, shape);
  }

  output(name: string, array: TensorArray, shape: Shape): void {
    this.#place('output', name, array, shape);
  }

  #place(direction: 'input' | 'output', name: string, array: TensorArray, shape: Shape): void {
    const key = `${direction}:${name}`;
    if (this.#arrays.get(key) === array) return;
    this.#binding[direction](name, valueOver(this.#session.environment, array, shape), array);
    this.#arrays.set(key, array);
  }

  refresh(): void {
    // Nothing to do: the session reads the arrays themselves
  }

  async run(): Promise<void> {
    this.#binding.run();
  }

  async release(): Promise<void> {
    this.#binding.release();
    if (this.#profiling) this.#session.endProfiling();
    this.#session.release();
    this.#arrays.clear();
  }
}

export const createHostRunner: CreateRunner<'host'> = async (device, { bytes }, { threads, keepMemory = true, profile }) => {
  try {
    return new HostRunner(processorSession(bytes, { threads, optimizes: keepMemory, profile }), profile !== undefined);
  } catch (error) {
    throw refusal(device, error);
  }
};
