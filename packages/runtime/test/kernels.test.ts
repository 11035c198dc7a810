// The committed WebAssembly equals the compiled source, and computes the formulas.
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { adamW, adamWBFloat16, addGradients, sumOfSquares, type AdamWFactors } from '../src/optimizers/adamw-kernel.ts';
import { kernelMemory } from '../src/kernels/kernel-memory.ts';
import { compileKernel } from '../src/tools/compile-kernels.ts';

const factors: AdamWFactors = {
  gradientScale: 0.5,
  decay: 0.99999,
  stepSize: 1e-3,
  secondCorrection: 1.3,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
};
const wave = (length: number, frequency: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(i * frequency));

/** Copies arrays into one kernel memory, with zeros after each. */
function together<Arrays extends readonly (Float32Array | Uint16Array)[]>(...arrays: Arrays): Arrays {
  const memory = kernelMemory(arrays.reduce((bytes, { length }) => bytes + 4 * (length + 16), 0));
  let offset = 0;
  return arrays.map((values) => {
    const copy =
      values instanceof Float32Array ? new Float32Array(memory, offset, values.length) : new Uint16Array(memory, offset, values.length);
    copy.set(values);
    offset += 4 * 8 * Math.ceil((values.length + 8) / 8);
    return copy;
  }) as unknown as Arrays;
}

describe('the optimizer in WebAssembly', () => {
  it('is compiled from the source next to it (npm run kernels)', async () => {
    const committed = await readFile(new URL('../src/kernels/optimizer.wasm', import.meta.url));
    expect(committed.equals(await compileKernel('optimizer'))).toBe(true);
  });

  it.each([1, 3, 8191, 8192, 8193, 20_001])('updates %i weights and does not change the zeros after them', (length) => {
    const second = wave(length, 0.4).map((value) => value * value);
    const arrays = together(wave(length, 0.1), wave(length, 0.2), wave(length, 0.3), second);
    const before = arrays.map((values) => values.slice());
    const [weight, gradient, first] = arrays;
    adamW(...arrays, factors);
    for (const i of [0, length >> 1, length - 1]) {
      const g = gradient[i] * 0.5;
      const m = before[2][i] * 0.9 + g * 0.1;
      const v = before[3][i] * 0.999 + g * g * 0.001;
      expect(first[i]).toBeCloseTo(m, 6);
      expect(arrays[3][i]).toBeCloseTo(v, 6);
      expect(weight[i]).toBeCloseTo(before[0][i] * 0.99999 - (m / (Math.sqrt(v) * 1.3 + 1e-8)) * 1e-3, 6);
    }
    for (const { buffer, byteOffset, byteLength } of arrays)
      expect(new Uint8Array(buffer, byteOffset + byteLength, 32).every((byte) => byte === 0)).toBe(true);
  });

  it('takes float16 gradients as the float32 values that they stand for', () => {
    const halves = Uint16Array.from({ length: 1001 }, (_, i) => 0x2000 + 13 * i + 0x8000 * (i % 2));
    const [sums, bits] = together(new Float32Array(1001), halves);
    addGradients(sums, bits);
    const float32Moments = [sums, bits].map((gradient) =>
      together(wave(1001, 0.1), gradient, wave(1001, 0.3), new Float32Array(1001).fill(1)),
    );
    for (const arrays of float32Moments) adamW(...arrays, factors);
    for (const i of [0, 2, 3]) expect(float32Moments[0][i]).toEqual(float32Moments[1][i]);
    const bfloat16Moments = [sums, bits].map((gradient) =>
      together(wave(1001, 0.1), gradient, new Uint16Array(1001).fill(0x3f00), new Uint16Array(1001).fill(0x3e80)),
    );
    for (const arrays of bfloat16Moments) adamWBFloat16(...arrays, factors, 7);
    for (const i of [0, 2, 3]) expect(bfloat16Moments[0][i]).toEqual(bfloat16Moments[1][i]);
    expect(bfloat16Moments[0][2].some((value) => value !== 0x3f00)).toBe(true);
    expect(sumOfSquares(bits)).toBe(sumOfSquares(sums));
  });

  it('reads every float16 value', () => {
    const [sums, bits] = together(
      new Float32Array(2 ** 16),
      Uint16Array.from({ length: 2 ** 16 }, (_, i) => i),
    );
    const expected = Float32Array.from(bits, (half) => {
      const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
      const magnitude =
        exponent === 0 ? fraction * 2 ** -24 : exponent < 31 ? (1024 + fraction) * 2 ** (exponent - 25) : fraction === 0 ? Infinity : NaN;
      return half < 2 ** 15 ? magnitude : -magnitude;
    });
    addGradients(sums, bits);
    expect(sums.every((value, i) => value === expected[i] || (Number.isNaN(value) && Number.isNaN(expected[i])))).toBe(true);
    expect(sumOfSquares(together(Uint16Array.of(1))[0])).toBe(2 ** -48);
    expect(sumOfSquares(together(Uint16Array.of(0x7c00))[0])).toBe(Infinity);
  });

  it('sums squares in float64, of any length', () => {
    const [values] = together(wave(20_001, 0.7));
    const sum = values.reduce((total, value) => total + value * value, 0);
    expect(Math.abs(sumOfSquares(values) / sum - 1)).toBeLessThan(1e-12);
  });

  it('refuses arrays that are not in one memory', () => {
    const [sums] = together(new Float32Array(16));
    const [gradients] = together(new Float32Array(16));
    expect(() => {
      addGradients(sums, gradients);
    }).toThrow('one kernel memory');
    expect(() => sumOfSquares(new Float32Array(16))).toThrow('one kernel memory');
  });
});
