// Compiles cuda/*.cu to the PTX that is committed next to the code that loads it:
// `node --import tsx packages/runtime/src/tools/compile-cuda.ts FOLDER`. FOLDER contains NVRTC 12.0
// (`pip download nvidia-cuda-nvrtc-cu12==12.0.76`, unpacked).
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Library } from '../native/load.ts';
import { compileToPtx, type CudaCode, loadNvrtc } from '../native/nvrtc.ts';

/**
 * How each file is compiled. 7.5 (Turing) is the oldest capability that onnxruntime's provider supports; TensorFloat-32 needs 8.0
 * (Ampere).
 */
export const CUDA_CODE = {
  optimizer: { capability: 75, fuses: false },
  gradients: { capability: 75, fuses: true },
  attention: { capability: 80, fuses: true },
} as const satisfies Record<string, CudaCode>;
export type CudaFile = keyof typeof CUDA_CODE;

const read = (name: string): string => readFileSync(new URL(`../../cuda/${name}`, import.meta.url), 'utf8');
const source = (name: CudaFile): string => read(`${name}.cu`).replace(/^#include "(\w+\.cuh)"$/gm, (_, file: string) => read(file));

/** Compiles one file to PTX, without the comment lines that name the compiler's build. */
export const compileCuda = (library: Library, name: CudaFile): string =>
  compileToPtx(library, source(name), CUDA_CODE[name])
    .toString()
    .split('\n')
    .filter((line) => !line.startsWith('//'))
    .join('\n')
    .trimStart();

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const library = loadNvrtc(process.argv[2]);
  for (const name of Object.keys(CUDA_CODE) as CudaFile[])
    writeFileSync(new URL(`../kernels/${name}.ptx`, import.meta.url), compileCuda(library, name));
}
