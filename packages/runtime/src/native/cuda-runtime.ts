// CUDA's runtime and driver through koffi: memory of a card, copies on one stream, and launches of compiled kernels.
import { countFailure, noCard, outOfMemory, unsupported } from './cuda-texts.ts';
import { type Address, type Library, type NativeArgument, type NativeFunction } from './load.ts';
import { Owned } from './owned.ts';
import { addressOf } from './values.ts';

const [pointer, size] = ['void *', 'size_t'];

const RUNTIME_FUNCTIONS = {
  cudaGetDeviceCount: [pointer],
  cudaGetLastError: [],
  cudaSetDevice: ['int'],
  cudaDriverGetVersion: [pointer],
  cudaRuntimeGetVersion: [pointer],
  cudaDeviceGetAttribute: [pointer, 'int', 'int'],
  cudaMemGetInfo: [pointer, pointer],
  cudaMalloc: [pointer, size],
  cudaFree: [pointer],
  cudaMemcpyAsync: [pointer, pointer, size, 'int', pointer],
  cudaMemsetAsync: [pointer, 'int', size, pointer],
  cudaStreamCreateWithFlags: [pointer, 'uint'],
  cudaStreamSynchronize: [pointer],
} as const satisfies Record<string, readonly string[]>;

const DRIVER_FUNCTIONS = {
  cuDeviceGet: [pointer, 'int'],
  cuDeviceGetName: [pointer, 'int', 'int'],
  cuModuleLoadData: [pointer, pointer],
  cuModuleGetFunction: [pointer, pointer, 'const char *'],
  cuLaunchKernel: [pointer, 'uint', 'uint', 'uint', 'uint', 'uint', 'uint', 'uint', pointer, pointer, pointer],
} as const satisfies Record<string, readonly string[]>;

type RuntimeFunction = keyof typeof RUNTIME_FUNCTIONS;
type DriverFunction = keyof typeof DRIVER_FUNCTIONS;

/** cudaMemcpyKind, cudaStreamNonBlocking, cudaDeviceAttr and cudaErrorMemoryAllocation (driver_types.h). */
const COPY = { toDevice: 1, toHost: 2, onDevice: 3 };
const NON_BLOCKING = 1;
const ATTRIBUTE = { major: 75, minor: 76 };
const OUT_OF_MEMORY = 2;
/** cudaErrorNoKernelImageForDevice. */
const NO_CODE = 209;

/** A failed call of CUDA. */
export class CudaError extends Error {
  override name = 'CudaError';
  readonly code: number;

  constructor(call: string, code: number, text: string) {
    super(`${call} failed: ${text} (CUDA error ${code})`);
    this.code = code;
  }

  get isOutOfMemory(): boolean {
    return this.code === OUT_OF_MEMORY;
  }
}

const bind = (library: Library, functions: Readonly<Record<string, readonly string[]>>): Record<string, NativeFunction> =>
  Object.fromEntries(Object.entries(functions).map(([name, args]) => [name, library.func(name, 'int', [...args]) as NativeFunction]));

export interface CudaMemoryState {
  readonly free: number;
  readonly total: number;
}

/** Facts about a card and its CUDA. Versions are in CUDA's notation: 13000 for CUDA 13.0. */
export interface CudaFacts {
  readonly name: string;
  /** Compute capability as one number: 90 for 9.0. */
  readonly capability: number;
  readonly memory: CudaMemoryState;
  /** The newest CUDA version that the driver supports, and the version that the provider uses. */
  readonly versions: { readonly driver: number; readonly runtime: number };
}

/** One card in this thread, which may use others as well. All work goes to one stream, in order. */
export class CudaRuntime {
  readonly index: number;
  readonly #runtime: Record<string, NativeFunction>;
  readonly #driver: Record<string, NativeFunction>;
  readonly #errorText: NativeFunction;
  readonly #wait: (stream: Address, done: (error: Error | null, status: number) => void) => void;
  readonly #slot = new BigUint64Array(1);
  readonly #alive = new Set<Owned>();
  readonly stream: Address;

  /** Throws CudaError if there is no such card. */
  constructor(runtime: Library, driver: Library, index: number) {
    this.index = index;
    this.#runtime = bind(runtime, RUNTIME_FUNCTIONS);
    this.#driver = bind(driver, DRIVER_FUNCTIONS);
    this.#errorText = runtime.func('cudaGetErrorString', 'const char *', ['int']) as NativeFunction;
    this.#wait = runtime.func('cudaStreamSynchronize', 'int', [pointer]).async;
    const count = this.#countCards();
    if (index >= count) throw new CudaError('cudaSetDevice', 101, noCard(index, count));
    // Creates the card's context, which the driver's calls need
    this.#call('cudaFree', 0n);
    const refusal = unsupported(this.name, this.capability);
    if (refusal !== undefined) throw new CudaError('cudaDeviceGetAttribute', NO_CODE, refusal);
    this.stream = this.#make('cudaStreamCreateWithFlags', NON_BLOCKING);
  }

  /** The number of cards. Throws a CudaError that says what is missing if none can be used. */
  #countCards(): number {
    const count = new Int32Array(1);
    const code = this.#runtime.cudaGetDeviceCount(count) as number;
    if (code === 0) return count[0];
    const reason = countFailure(code, this.versions);
    if (reason !== undefined) throw new CudaError('cudaGetDeviceCount', code, reason);
    this.#check('cudaGetDeviceCount', code);
    return 0;
  }

  /** Selects this card for the thread's calls. A thread has one current card, and onnxruntime changes it as well. */
  makeCurrent(): void {
    this.#check('cudaSetDevice', this.#runtime.cudaSetDevice(this.index) as number);
  }

  #check(call: string, code: number): void {
    if (code !== 0) throw new CudaError(call, code, this.#errorText(code) as string);
  }

  #call(name: RuntimeFunction, ...args: readonly NativeArgument[]): void {
    this.makeCurrent();
    this.#check(name, this.#runtime[name](...args) as number);
  }

  #make(name: RuntimeFunction, ...args: readonly NativeArgument[]): Address {
    this.#slot[0] = 0n;
    this.#call(name, this.#slot, ...args);
    return this.#slot[0];
  }

  #number(name: RuntimeFunction, ...args: readonly NativeArgument[]): number {
    const value = new Int32Array(1);
    this.#call(name, value, ...args);
    return value[0];
  }

  #drive(name: DriverFunction, ...args: readonly NativeArgument[]): void {
    this.makeCurrent();
    const code = this.#driver[name](...args) as number;
    if (code !== 0) throw new CudaError(name, code, "NVIDIA's driver refused it");
  }

  /** CUDA versions of driver and runtime in CUDA's notation: 13000 for CUDA 13.0. */
  get versions(): { readonly driver: number; readonly runtime: number } {
    const [driver, runtime] = (['cudaDriverGetVersion', 'cudaRuntimeGetVersion'] as const).map((name) => {
      const value = new Int32Array(1);
      this.#check(name, this.#runtime[name](value) as number);
      return value[0];
    });
    return { driver, runtime };
  }

  get name(): string {
    const device = new Int32Array(1);
    this.#drive('cuDeviceGet', device, this.index);
    const text = Buffer.alloc(256);
    this.#drive('cuDeviceGetName', text, text.length, device[0]);
    return text.toString('latin1').split('\0')[0];
  }

  get facts(): CudaFacts {
    return { name: this.name, capability: this.capability, memory: this.memory, versions: this.versions };
  }

  /** Compute capability as one number: 90 for 9.0. */
  get capability(): number {
    return (
      10 * this.#number('cudaDeviceGetAttribute', ATTRIBUTE.major, this.index) +
      this.#number('cudaDeviceGetAttribute', ATTRIBUTE.minor, this.index)
    );
  }

  get memory(): CudaMemoryState {
    const [free, total] = [new BigUint64Array(1), new BigUint64Array(1)];
    this.#call('cudaMemGetInfo', free, total);
    return { free: Number(free[0]), total: Number(total[0]) };
  }

  /** Zeroed memory of the card, which the caller releases. If there is too little, throws a CudaError that says how much is free. */
  allocate(bytes: number): Owned {
    const owned: Owned = new Owned('memory of the card', this.#reserve(bytes), (address) => {
      this.#alive.delete(owned);
      this.#call('cudaFree', address);
    });
    this.#alive.add(owned);
    this.#call('cudaMemsetAsync', owned.handle, 0, bytes, this.stream);
    return owned;
  }

  #reserve(bytes: number): Address {
    try {
      return this.#make('cudaMalloc', bytes);
    } catch (error) {
      if (!(error instanceof CudaError && error.isOutOfMemory)) throw error;
      throw this.outOfMemory('cudaMalloc', bytes);
    }
  }

  /**
   * The error of a request for too much memory. Clears CUDA's last error, which onnxruntime would otherwise attribute to its next kernel.
   */
  outOfMemory(call: string, bytes: number): CudaError {
    this.#runtime.cudaGetLastError();
    return new CudaError(call, OUT_OF_MEMORY, outOfMemory(bytes, this.memory));
  }

  /** Returns the result of `act`. If it throws, releases the memory that it has allocated. */
  orRelease<Result>(act: () => Result): Result {
    const before = new Set(this.#alive);
    try {
      return act();
    } catch (error) {
      for (const owned of [...this.#alive]) if (!before.has(owned)) owned.release();
      throw error;
    }
  }

  clear(address: Address, bytes: number): void {
    this.#call('cudaMemsetAsync', address, 0, bytes, this.stream);
  }

  /** Queues a copy to the card. The array must not be changed before `synchronize` has ended. */
  upload(array: NodeJS.ArrayBufferView, address: Address): void {
    this.#call('cudaMemcpyAsync', address, addressOf(array), array.byteLength, COPY.toDevice, this.stream);
  }

  /** Queues a copy from the card. The array has the values after `synchronize` has ended. */
  download(address: Address, array: NodeJS.ArrayBufferView): void {
    this.#call('cudaMemcpyAsync', addressOf(array), address, array.byteLength, COPY.toHost, this.stream);
  }

  copy(from: Address, to: Address, bytes: number): void {
    this.#call('cudaMemcpyAsync', to, from, bytes, COPY.onDevice, this.stream);
  }

  /** Waits for all work of the stream without blocking the event loop. Throws the errors of kernels. */
  async synchronize(): Promise<void> {
    const status = await new Promise<number>((resolve, reject) =>
      this.#wait(this.stream, (error, code) => (error ? reject(error) : resolve(code))),
    );
    this.#check('cudaStreamSynchronize', status);
  }

  /** Loads compiled code (PTX or machine code) and returns its kernels by name. */
  loadKernels<Name extends string>(code: Uint8Array, names: readonly Name[]): Record<Name, Address> {
    this.#slot[0] = 0n;
    this.#drive('cuModuleLoadData', this.#slot, Buffer.concat([code, Buffer.alloc(1)]));
    const module = this.#slot[0];
    const kernelOf = (name: Name): Address => {
      this.#drive('cuModuleGetFunction', this.#slot, module, name);
      return this.#slot[0];
    };
    return Object.fromEntries(names.map((name) => [name, kernelOf(name)])) as Record<Name, Address>;
  }

  /**
   * Launches a kernel. Each argument is an array with one value: an address as BigUint64Array, an integer as Int32Array or BigInt64Array,
   * a number as Float32Array.
   */
  launch(
    kernel: Address,
    { grid, block }: { readonly grid: number; readonly block: number },
    cells: readonly NodeJS.ArrayBufferView[],
  ): void {
    const addresses = BigUint64Array.from(cells, addressOf);
    this.#drive('cuLaunchKernel', kernel, grid, 1, 1, block, 1, 1, 0, this.stream, addresses, null);
  }
}

/** The address `bytes` after `address`, within a block of the card's memory. */
export const offsetBy = (address: Address, bytes: number): Address => address + BigInt(bytes);
