// onnxruntime's environment: one in each thread. Everything created in it is released before the thread ends.
import { type Address, Api, type FunctionName, type NativeArgument } from './api.ts';
import { onnxruntimeLibrary } from './library-paths.ts';
import { Owned } from './owned.ts';

/** Log level: only errors, which are also thrown as exceptions. */
const LOG_ERRORS = 3;

export class Environment {
  readonly api: Api;
  readonly #environment: Owned;
  readonly #memory: Owned;
  /** Live objects in the order of their creation; later ones use earlier ones. */
  readonly #alive = new Set<Owned>();

  constructor(path: string) {
    this.api = new Api(path);
    this.#environment = new Owned("onnxruntime's environment", this.api.make('CreateEnv', LOG_ERRORS, 'styleforge'), (handle) =>
      this.api.free('ReleaseEnv', handle),
    );
    this.#memory = this.own('the description of memory', 'ReleaseMemoryInfo', 'CreateMemoryInfo', 'Cpu', 0, 0, 0);
  }

  get handle(): Address {
    return this.#environment.handle;
  }

  /** The description of the processor's memory. */
  get processorMemory(): Address {
    return this.#memory.handle;
  }

  /** The object that `create` makes from `args`. `free` releases it, with this environment at the latest. */
  own(what: string, free: FunctionName, create: FunctionName, ...args: readonly NativeArgument[]): Owned {
    const owned: Owned = new Owned(what, this.api.make(create, ...args), (handle) => {
      this.#alive.delete(owned);
      this.api.free(free, handle);
    });
    this.#alive.add(owned);
    return owned;
  }

  /** Number of objects that were created and not released. */
  get aliveCount(): number {
    return this.#alive.size;
  }

  /** Releases all remaining objects, latest first, then itself. */
  release(): void {
    for (const owned of [...this.#alive].reverse()) owned.release();
    this.#environment.release();
  }
}

const environments = new Map<string, Environment>();

/**
 * This thread's environment of a library, made at first use. It is released when the thread ends: a process that has CUDA loaded and ends without that
 * ends with a segmentation fault.
 */
export function environmentOf(path = onnxruntimeLibrary()): Environment {
  const existing = environments.get(path);
  if (existing) return existing;
  const environment = new Environment(path);
  environments.set(path, environment);
  process.once('exit', () => environment.release());
  return environment;
}
