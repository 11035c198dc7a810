// A session of onnxruntime's C API, and bindings of its inputs and outputs to values.
import { type Address } from './api.ts';
import { type CustomOperations } from './custom-operations.ts';
import { type Environment } from './environment.ts';
import { type Owned } from './owned.ts';

/** GraphOptimizationLevel (onnxruntime_c_api.h). */
const OPTIMIZE = { none: 0, all: 99 };

export interface NativeSessionOptions {
  /** Threads of one operation; onnxruntime's default is one per physical core. */
  readonly threads?: number | undefined;
  readonly optimizes: boolean;
  /** Path prefix of a JSON trace written by `endProfiling`. */
  readonly profile?: string | undefined;
  /** Entries by the names in onnxruntime_session_options_config_keys.h. */
  readonly config: Readonly<Record<string, string>>;
  /** Operations of our own that the model may contain. */
  readonly operations?: CustomOperations | undefined;
  /** Adds an execution provider to the session's options. The processor's provider is always available. */
  readonly addProvider?: ((environment: Environment, options: Address) => void) | undefined;
}

function configure(environment: Environment, options: Address, settings: NativeSessionOptions): void {
  const { api } = environment;
  const { threads, optimizes, profile, config, operations, addProvider } = settings;
  api.call('SetSessionGraphOptimizationLevel', options, optimizes ? OPTIMIZE.all : OPTIMIZE.none);
  api.call('SetSessionLogSeverityLevel', options, 3);
  // A plan of all memory in advance takes two thirds more memory, and saves no time (docs/experiments/engine.md)
  api.call('DisableMemPattern', options);
  if (threads !== undefined) api.call('SetIntraOpNumThreads', options, threads);
  if (profile !== undefined) api.call('EnableProfiling', options, profile);
  for (const [key, value] of Object.entries(config)) api.call('AddSessionConfigEntry', options, key, value);
  operations?.addTo(options);
  addProvider?.(environment, options);
}

export class NativeSession {
  readonly environment: Environment;
  readonly #session: Owned;

  /** Throws OnnxRuntimeError if onnxruntime refuses the model or a provider. */
  constructor(environment: Environment, model: Uint8Array, settings: NativeSessionOptions) {
    this.environment = environment;
    const options = environment.own('session options', 'ReleaseSessionOptions', 'CreateSessionOptions');
    try {
      configure(environment, options.handle, settings);
      const args = [environment.handle, model, model.byteLength, options.handle] as const;
      this.#session = environment.own('the session', 'ReleaseSession', 'CreateSessionFromArray', ...args);
    } finally {
      options.release();
    }
  }

  get handle(): Address {
    return this.#session.handle;
  }

  /** Writes the trace and returns its path. */
  endProfiling(): string {
    const { api } = this.environment;
    return api.takeText(api.make('SessionEndProfiling', this.handle, api.make('GetAllocatorWithDefaultOptions')));
  }

  release(): void {
    this.#session.release();
  }
}

/** Values bound to a session's inputs and outputs, for many runs. Keeps the memory of bound values alive. */
export class Binding {
  readonly #session: NativeSession;
  readonly #binding: Owned;
  /** Objects that must stay alive until something else is bound, by direction and name. */
  readonly #memory = new Map<string, unknown>();

  constructor(session: NativeSession) {
    this.#session = session;
    this.#binding = session.environment.own('the binding', 'ReleaseIoBinding', 'CreateIoBinding', session.handle);
  }

  /** Binds `value` in place of the earlier value of this name, and keeps `memory` alive with it. */
  input(name: string, value: Owned, memory: unknown): void {
    this.#bind('BindInput', name, value, memory);
  }

  output(name: string, value: Owned, memory: unknown): void {
    this.#bind('BindOutput', name, value, memory);
  }

  /** Binds a value and releases its handle: onnxruntime's binding shares the value. */
  #bind(call: 'BindInput' | 'BindOutput', name: string, value: Owned, memory: unknown): void {
    try {
      this.#session.environment.api.call(call, this.#binding.handle, name, value.handle);
      this.#memory.set(`${call}:${name}`, memory);
    } finally {
      value.release();
    }
  }

  /** Runs the session once, in this thread. */
  run(options: Address = 0n): void {
    this.#session.environment.api.call('RunWithBinding', this.#session.handle, options, this.#binding.handle);
  }

  /** Runs the session once, in another thread. Nothing may be bound or released meanwhile. */
  runAside(): Promise<void> {
    return this.#session.environment.api.callAside('RunWithBinding', this.#session.handle, 0n, this.#binding.handle);
  }

  release(): void {
    this.#binding.release();
    this.#memory.clear();
  }
}
