// NVIDIA's run-time compiler: CUDA C to PTX. A tool of development; the engine runs what was compiled.
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
  /** The oldest compute capability that runs it: drivers compile PTX for every newer card. */
  readonly capability: number;
  /** Whether multiply-adds may be fused: not where the arithmetic has to be that of the processor. */
  readonly fuses: boolean;
}

/** The version whose PTX is committed: every driver for CUDA 12 and later knows it. Newer compilers write PTX that older drivers do not know. */
const VERSION = '12.0';

/** The compiler in `folder`, or where the system's loader looks. Throws LibraryError where there is none. */
export function loadNvrtc(folder?: string): Library {
  const named = (name: string): Library => loadLibrary(folder === undefined ? name : join(folder, name));
  // the compiler asks the loader for this library by its bare name: loaded before, it is found
  named(`libnvrtc-builtins.so.${VERSION}`);
  return named(`libnvrtc.so.${VERSION.split('.')[0]}`);
}

/** Compiles CUDA C. Throws what the compiler says. */
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
