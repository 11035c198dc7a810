// onnxruntime's C API through koffi: the functions that the engine needs. A failing status becomes an exception.
import koffi from 'koffi';
import { LibraryError } from './library-paths.ts';
import { type Address, loadLibrary, type NativeArgument, type NativeFunction } from './load.ts';

export { type Address, type NativeArgument } from './load.ts';

/**
 * The API version in which the newest of these functions appeared (onnxruntime 1.16). Newer libraries also provide every older version.
 */
const API_VERSION = 16;
const [pointer, text, status, size] = ['void *', 'const char *', 'status', 'size_t'];
/** Type of file names: UTF-16 on Windows. */
const fileName = process.platform === 'win32' ? 'const char16_t *' : text;

/**
 * Positions in the struct OrtApi, which only grows (onnxruntime_c_api.h of onnxruntime 1.30.0), with types of results and arguments.
 * Functions that return a status write their result to the address in their last argument.
 */
const FUNCTIONS = {
  CreateStatus: [0, pointer, ['int', text]],
  GetErrorCode: [1, 'int', [pointer]],
  GetErrorMessage: [2, text, [pointer]],
  CreateEnv: [3, status, ['int', text, pointer]],
  CreateSessionFromArray: [8, status, [pointer, pointer, size, pointer, pointer]],
  CreateSessionOptions: [10, status, [pointer]],
  EnableProfiling: [14, status, [pointer, fileName]],
  DisableMemPattern: [17, status, [pointer]],
  SetSessionLogSeverityLevel: [22, status, [pointer, 'int']],
  SetSessionGraphOptimizationLevel: [23, status, [pointer, 'int']],
  SetIntraOpNumThreads: [24, status, [pointer, 'int']],
  CreateCustomOpDomain: [26, status, [text, pointer]],
  CustomOpDomain_Add: [27, status, [pointer, pointer]],
  AddCustomOpDomain: [28, status, [pointer, pointer]],
  CreateRunOptions: [39, status, [pointer]],
  CreateTensorWithDataAsOrtValue: [49, status, [pointer, pointer, size, pointer, size, 'int', pointer]],
  GetTensorMutableData: [51, status, [pointer, pointer]],
  GetDimensionsCount: [61, status, [pointer, pointer]],
  GetDimensions: [62, status, [pointer, pointer, size]],
  GetTensorTypeAndShape: [65, status, [pointer, pointer]],
  CreateMemoryInfo: [68, status, [text, 'int', 'int', 'int', pointer]],
  AllocatorFree: [76, status, [pointer, pointer]],
  GetAllocatorWithDefaultOptions: [78, status, [pointer]],
  KernelInfoGetAttribute_float: [85, status, [pointer, text, pointer]],
  KernelInfoGetAttribute_int64: [86, status, [pointer, text, pointer]],
  KernelContext_GetInput: [90, status, [pointer, size, pointer]],
  KernelContext_GetOutput: [91, status, [pointer, size, pointer, size, pointer]],
  ReleaseEnv: [92, 'void', [pointer]],
  ReleaseStatus: [93, 'void', [pointer]],
  ReleaseMemoryInfo: [94, 'void', [pointer]],
  ReleaseSession: [95, 'void', [pointer]],
  ReleaseValue: [96, 'void', [pointer]],
  ReleaseRunOptions: [97, 'void', [pointer]],
  ReleaseTensorTypeAndShapeInfo: [99, 'void', [pointer]],
  ReleaseSessionOptions: [100, 'void', [pointer]],
  ReleaseCustomOpDomain: [101, 'void', [pointer]],
  SessionEndProfiling: [110, status, [pointer, pointer, pointer]],
  AddSessionConfigEntry: [130, status, [pointer, text, text]],
  RunWithBinding: [133, status, [pointer, pointer, pointer]],
  CreateIoBinding: [134, status, [pointer, pointer]],
  ReleaseIoBinding: [135, 'void', [pointer]],
  BindInput: [136, status, [pointer, text, pointer]],
  BindOutput: [137, status, [pointer, text, pointer]],
  AddRunConfigEntry: [165, status, [pointer, text, text]],
  AppendCudaProvider: [204, status, [pointer, pointer]],
  CreateCudaProviderOptions: [205, status, [pointer]],
  UpdateCudaProviderOptions: [206, status, [pointer, 'const char **', 'const char **', size]],
  ReleaseCudaProviderOptions: [208, 'void', [pointer]],
  UpdateCudaProviderOptionsWithValue: [263, status, [pointer, text, pointer]],
} as const satisfies Record<string, readonly [number, string, readonly string[]]>;

export type FunctionName = keyof typeof FUNCTIONS;

/** OrtErrorCode by number (onnxruntime_c_api.h). */
const ERROR_CODES = [
  'ok',
  'fail',
  'invalid_argument',
  'no_such_file',
  'no_model',
  'engine_error',
  'runtime_exception',
  'invalid_protobuf',
  'model_loaded',
  'not_implemented',
  'invalid_graph',
  'provider_failed',
] as const;
export type OnnxRuntimeCode = (typeof ERROR_CODES)[number];

/** An error status of onnxruntime. */
export class OnnxRuntimeError extends Error {
  override name = 'OnnxRuntimeError';
  readonly code: OnnxRuntimeCode;
  /** The function of the C API that failed. */
  readonly call: FunctionName;

  constructor(code: OnnxRuntimeCode, message: string, call: FunctionName) {
    super(message);
    this.code = code;
    this.call = call;
  }
}

/** Address and version of a library's function table. */
function tableOf(path: string): { readonly table: Address; readonly version: string } {
  const base = loadLibrary(path).func('OrtGetApiBase', pointer, [])() as Address;
  const member = (offset: number, result: string, args: string[]): NativeFunction =>
    koffi.decode(koffi.decode(base, offset, pointer), koffi.proto(result, args)) as NativeFunction;
  const version = member(8, text, [])() as string;
  const table = member(0, pointer, ['uint32_t'])(API_VERSION) as Address | null;
  if (!table) throw new LibraryError(`${path} is onnxruntime ${version}, which lacks version ${API_VERSION} of the C API`);
  return { table, version };
}

/** The functions of one loaded library. */
export class Api {
  readonly version: string;
  readonly #functions: Readonly<Record<FunctionName, NativeFunction>>;
  /** Memory into which functions write an address. */
  readonly #slot = new BigUint64Array(1);

  constructor(path: string) {
    const { table, version } = tableOf(path);
    this.version = version;
    this.#functions = Object.fromEntries(
      Object.entries(FUNCTIONS).map(([name, [index, result, args]]) => {
        const proto = koffi.proto(result === status ? pointer : result, [...args]);
        return [name, koffi.decode(koffi.decode(table, index * 8, pointer), proto) as NativeFunction];
      }),
    ) as Record<FunctionName, NativeFunction>;
  }

  /** Calls a function that returns a status. Throws OnnxRuntimeError if the call fails. */
  call(name: FunctionName, ...args: readonly NativeArgument[]): void {
    this.#expectNone(this.#functions[name](...args) as Address | null, name);
  }

  /** Like `call`, in a thread of koffi's. The caller keeps what the arguments refer to until it ends. */
  async callAside(name: FunctionName, ...args: readonly NativeArgument[]): Promise<void> {
    const failure = await new Promise<Address | null>((resolve, reject) => {
      this.#functions[name].async(...args, (error: Error | null, result: Address | null) => (error ? reject(error) : resolve(result)));
    });
    this.#expectNone(failure, name);
  }

  /** Throws the error of a failed status. */
  #expectNone(failure: Address | null, name: FunctionName): void {
    if (!failure) return;
    const code = ERROR_CODES[this.#functions.GetErrorCode(failure) as number] ?? 'fail';
    const message = this.#functions.GetErrorMessage(failure) as string;
    this.#functions.ReleaseStatus(failure);
    throw new OnnxRuntimeError(code, message, name);
  }

  /**
   * Calls a function that returns a status and writes an address where its last argument points. Returns that address, or throws
   * OnnxRuntimeError.
   */
  make(name: FunctionName, ...args: readonly NativeArgument[]): Address {
    this.#slot[0] = 0n;
    this.call(name, ...args, this.#slot);
    return this.#slot[0];
  }

  /** A status with an error, which a failing callback returns to onnxruntime. */
  status(code: number, message: string): Address {
    return this.#functions.CreateStatus(code, message) as Address;
  }

  /** Calls a function that releases something and cannot fail. */
  free(name: FunctionName, address: Address): void {
    this.#functions[name](address);
  }

  /** Reads the text at `address` and releases it with onnxruntime's default allocator. */
  takeText(address: Address): string {
    const value = koffi.decode(address, 'char', -1) as string;
    this.call('AllocatorFree', this.make('GetAllocatorWithDefaultOptions'), address);
    return value;
  }
}
