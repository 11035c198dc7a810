// onnxruntime's environment, one for each thread. Everything created in it is released before the thread ends.
import { type Address, Api, type FunctionName, type NativeArgument } from './api.ts';
import { onnxruntimeLibrary } from './library-paths.ts';
import { Owned } from './owned.ts';

/** Log level: only errors, which are also thrown as exceptions. */
const LOG_ERRORS = 3;

export class Environment {
  readonly api: Api;
  readonly #environment: Owned;
  readonly #memory: Owned;
  /** Live objects in the order of their creation. Later ones may use earlier ones. */
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

  /** Creates an object from `args`. `free` releases it, at the latest when this environment is released. */
  own(what: string, free: FunctionName, create: FunctionName, ...args: readonly NativeArgument[]): Owned {
    const owned: Owned = new Owned(what, this.api.make(create, ...args), (handle) => {
      this.#alive.delete(owned);
      this.api.free(free, handle);
    });
    this.#alive.add(owned);
    return owned;
  }

  /** Number of objects that have not been released. */
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
 * This thread's environment of a library, created at first use and released when the thread ends. A process that has loaded CUDA and ends
 * without this release crashes with a segmentation fault.
 */
export function environmentOf(path = onnxruntimeLibrary()): Environment {
  const existing = environments.get(path);
  if (existing) return existing;
  const environment = new Environment(path);
  environments.set(path, environment);
  process.once('exit', () => environment.release());
  return environment;
}
