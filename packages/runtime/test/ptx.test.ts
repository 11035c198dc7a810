// The committed PTX equals the compiled source.
import { warnNotTested } from '@styleforge/testing';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type Library } from '../src/native/load.ts';
import { compileToPtx, loadNvrtc } from '../src/native/nvrtc.ts';
import { compileCuda, CUDA_CODE, type CudaFile } from '../src/tools/compile-cuda.ts';

const committed = (name: CudaFile): Promise<string> => readFile(new URL(`../src/kernels/${name}.ptx`, import.meta.url), 'utf8');
const files = Object.keys(CUDA_CODE) as CudaFile[];
let nvrtc: Library | undefined;
let missing: string | undefined;
try {
  nvrtc = loadNvrtc();
} catch (error) {
  missing = `NVRTC 12.0 (pip install nvidia-cuda-nvrtc-cu12==12.0.76) is not where the loader looks: ${(error as Error).message}`;
}

it.each([
  ['optimizer', 75],
  ['gradients', 75],
  ['attention', 80],
] as const)('%s runs with drivers for CUDA 12.0 and later, and on cards with compute capability %s and later', async (name, capability) => {
  expect((await committed(name)).split('\n').slice(0, 2)).toEqual(['.version 8.0', `.target sm_${capability}`]);
});

it('the optimizer fuses no multiply-adds', async () => {
  expect(await committed('optimizer')).not.toMatch(/\bfma\./);
});

it('attention keeps its sums in registers', async () => {
  expect(await committed('attention')).not.toMatch(/\.local\b/);
});

describe.skipIf(warnNotTested('compiling the kernels for cards', missing))('the kernels for cards', () => {
  it.each(files)('are compiled from the source next to them (packages/runtime/src/tools/compile-cuda.ts): %s', async (name) => {
    expect(compileCuda(nvrtc!, name)).toBe(await committed(name));
  });

  it("report the compiler's message if they do not compile", () => {
    expect(() => compileToPtx(nvrtc!, 'extern "C" __global__ void wrong() { nothing(); }', CUDA_CODE.optimizer)).toThrow(
      'identifier "nothing" is undefined',
    );
  });
});
