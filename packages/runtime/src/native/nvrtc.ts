// NVIDIA's run-time compiler: CUDA C to PTX. Used during development only; the engine runs the committed PTX.
import { join } from 'node:path';
import { type Library, loadLibrary, type NativeArgument, type NativeFunction } from './load.ts';

const pointer = 'void *';
const FUNCTIONS = {
  nvrtcCreateProgram: [pointer, 'const char *', 'const char *', 'int', pointer, pointer],
  nvrtcCompileProgram: [pointer, 'int', 'const char **'],
  nvrtcDestroyProgram: [pointer],
  nvrtcGetProgramLogSize: [pointer, pointer],
  nvrtcGetProgramLog: [pointer, pointer],
  nvrtcGetPTXSize: [pointer, pointer],
  nvrtcGetPTX: [pointer, pointer],
} as const satisfies Record<string, readonly string[]>;

export interface CudaCode {
  /** The oldest compute capability that can run the code. Drivers compile PTX for every newer card. */
  readonly capability: number;
  /** Whether multiply-adds may be fused. Not if the results must equal those of the processor. */
  readonly fuses: boolean;
}

/**
 * The compiler version whose PTX is committed, which every driver for CUDA 12 and later accepts. Older drivers reject the PTX of newer
 * compilers.
 */
const VERSION = '12.0';

/** Loads the compiler from `folder`, or from where the system's loader looks. Throws LibraryError if there is none. */
export function loadNvrtc(folder?: string): Library {
  const named = (name: string): Library => loadLibrary(folder === undefined ? name : join(folder, name));
  // The compiler asks the loader for this library by its bare name, and finds it if it is already loaded
  named(`libnvrtc-builtins.so.${VERSION}`);
  return named(`libnvrtc.so.${VERSION.split('.')[0]}`);
}

/** Compiles CUDA C to PTX. Throws an error with the compiler's messages. */
export function compileToPtx(loaded: Library, source: string, { capability, fuses }: CudaCode): Buffer {
  const options = [`--gpu-architecture=compute_${capability}`, '--std=c++17', `--fmad=${fuses}`];
  const functions = Object.fromEntries(
    Object.entries(FUNCTIONS).map(([name, args]) => [name, loaded.func(name, 'int', [...args]) as NativeFunction]),
  ) as Record<keyof typeof FUNCTIONS, NativeFunction>;
  const call = (name: keyof typeof FUNCTIONS, ...args: readonly NativeArgument[]): number => functions[name](...args) as number;
  const program = new BigUint64Array(1);
  call('nvrtcCreateProgram', program, source, 'kernels.cu', 0, null, null);
  try {
    const status = call('nvrtcCompileProgram', program[0], options.length, options);
    const read = (size: 'nvrtcGetProgramLogSize' | 'nvrtcGetPTXSize', get: 'nvrtcGetProgramLog' | 'nvrtcGetPTX'): Buffer => {
      const bytes = new BigUint64Array(1);
      call(size, program[0], bytes);
      const text = Buffer.alloc(Number(bytes[0]));
      call(get, program[0], text);
      return text.subarray(0, -1);
    };
    if (status !== 0) {
      const log = read('nvrtcGetProgramLogSize', 'nvrtcGetProgramLog').toString();
      throw new Error(`NVRTC refuses the kernels (error ${status}): ${log}`);
    }
    return read('nvrtcGetPTXSize', 'nvrtcGetPTX');
  } finally {
    call('nvrtcDestroyProgram', program);
  }
}
