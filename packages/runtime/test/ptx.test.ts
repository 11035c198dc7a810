// The committed PTX is what its source compiles to.
import { warnNotTested } from '@styleforge/testing';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type Library } from '../src/native/load.ts';
import { compileToPtx, loadNvrtc } from '../src/native/nvrtc.ts';
import { compileCuda } from '../src/tools/compile-cuda.ts';

const committed = await readFile(new URL('../src/kernels/optimizer.ptx', import.meta.url), 'utf8');
let nvrtc: Library | undefined;
let missing: string | undefined;
try {
  nvrtc = loadNvrtc();
} catch (error) {
  missing = `NVRTC 12.0 (pip install nvidia-cuda-nvrtc-cu12==12.0.76) is not where the loader looks: ${(error as Error).message}`;
}

it('runs on cards from Turing on and with drivers from CUDA 12.0 on, and fuses no multiply-adds', () => {
  expect(committed.split('\n').slice(0, 2)).toEqual(['.version 8.0', '.target sm_75']);
  expect(committed).not.toMatch(/\bfma\./);
});

describe.skipIf(warnNotTested('compiling the kernels for cards', missing))('the kernels for cards', () => {
  it('are compiled from the source beside them (packages/runtime/src/tools/compile-cuda.ts)', () => {
    expect(compileCuda(nvrtc!, 'optimizer')).toBe(committed);
  });

  it('are refused with what the compiler says where they are wrong', () => {
    expect(() => compileToPtx(nvrtc!, 'extern "C" __global__ void wrong() { nothing(); }')).toThrow('identifier "nothing" is undefined');
  });
});
