// The committed WebAssembly is what its source compiles to, and computes what the formulas say.
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { adamW, addGradients, sumOfSquares, type AdamWFactors } from '../src/adamw-kernel.ts';
import { compileKernel } from '../src/tools/compile-kernels.ts';

const factors: AdamWFactors = { gradientScale: 0.5, decay: 0.99999, stepSize: 1e-3, secondCorrection: 1.3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const wave = (length: number, frequency: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(i * frequency));

describe('the optimizer in WebAssembly', () => {
  it('is compiled from the source beside it (npm run kernels)', async () => {
    const committed = await readFile(new URL('../src/optimizer.wasm', import.meta.url));
    expect(committed.equals(await compileKernel('optimizer'))).toBe(true);
  });

  it.each([1, 3, 8191, 8192, 8193, 20_001])('updates %i weights and nothing behind them', (length) => {
    const [weight, gradient, first, second] = [0.1, 0.2, 0.3, 0.4].map((frequency) => wave(length + 1, frequency));
    second.forEach((value, i) => { second[i] = value * value; });
    const before = [weight, first, second].map((values) => values.slice());
    adamW(weight.subarray(0, length), gradient.subarray(0, length), first.subarray(0, length), second.subarray(0, length), factors);
    for (const i of [0, length >> 1, length - 1]) {
      const g = gradient[i] * 0.5;
      const m = before[1][i] * 0.9 + g * 0.1;
      const v = before[2][i] * 0.999 + g * g * 0.001;
      expect(first[i]).toBeCloseTo(m, 6);
      expect(second[i]).toBeCloseTo(v, 6);
      expect(weight[i]).toBeCloseTo(before[0][i] * 0.99999 - (m / (Math.sqrt(v) * 1.3 + 1e-8)) * 1e-3, 6);
    }
    expect([weight, first, second].map((values) => values[length])).toEqual(before.map((values) => values[length]));
  });

  it('reads every float16 value', () => {
    const bits = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);
    const [sums, expected] = [new Float32Array(2 ** 16), new Float32Array(2 ** 16)];
    bits.forEach((half) => {
      const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
      const magnitude = exponent === 0 ? fraction * 2 ** -24 : exponent < 31 ? (1024 + fraction) * 2 ** (exponent - 25) : fraction === 0 ? Infinity : NaN;
      expected[half] = half < 2 ** 15 ? magnitude : -magnitude;
    });
    addGradients(sums, bits);
    expect(sums.every((value, i) => value === expected[i] || (Number.isNaN(value) && Number.isNaN(expected[i])))).toBe(true);
    expect(sumOfSquares(bits.subarray(1, 2))).toBe(2 ** -48);
    expect(sumOfSquares(Uint16Array.of(0x7c00))).toBe(Infinity);
  });

  it('sums squares in float64, of any length', () => {
    const values = wave(20_001, 0.7);
    const sum = values.reduce((total, value) => total + value * value, 0);
    expect(Math.abs(sumOfSquares(values) / sum - 1)).toBeLessThan(1e-12);
  });
});
