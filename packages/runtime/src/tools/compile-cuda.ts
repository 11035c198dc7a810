// Compiles cuda/*.cu to the PTX that is committed beside the code that loads it: `node --import tsx packages/runtime/src/tools/compile-cuda.ts FOLDER`, the
// folder that holds NVRTC 12.0 (`pip download nvidia-cuda-nvrtc-cu12==12.0.76`, unpacked).
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Library } from '../native/load.ts';
import { compileToPtx, loadNvrtc } from '../native/nvrtc.ts';

const source = (name: string): string => readFileSync(new URL(`../../cuda/${name}.cu`, import.meta.url), 'utf8');

/** Lines of comments name the compiler's build; they are removed. */
export const compileCuda = (library: Library, name: string): string =>
  compileToPtx(library, source(name))
    .toString()
    .split('\n')
    .filter((line) => !line.startsWith('//'))
    .join('\n')
    .trimStart();

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../kernels/optimizer.ptx', import.meta.url), compileCuda(loadNvrtc(process.argv[2]), 'optimizer'));
}
