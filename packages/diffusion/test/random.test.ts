// The counter-based generator: known values, independence of streams, and its distributions.
import { describe, expect, it } from 'vitest';
import { permutation, philox4x32, randomIntegers, randomNormals, randomUniforms } from '../src/random.ts';

const hex = (words: readonly number[]): string => words.map((word) => word.toString(16).padStart(8, '0')).join(' ');

describe('philox4x32', () => {
  // Random123, kat_vectors
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ] as const)('%# gives the published words', (counter, key, expected) => {
    expect(hex(philox4x32(counter, key))).toBe(expected);
  });
});

describe('random numbers', () => {
  const key = { seed: 1337, step: 5, purpose: 'noise' };

  it('depend only on the key, and a longer sequence begins with the shorter one', () => {
    const long = randomNormals(key, 1001);
    expect(randomNormals(key, 7)).toEqual(long.slice(0, 7));
    for (const other of [{ seed: 1338 }, { seed: 1337 + 2 ** 32 }, { step: 6 }, { purpose: 'timesteps' }, { index: 1 }]) {
      expect(randomNormals({ ...key, ...other }, 7)).not.toEqual(long.slice(0, 7));
    }
  });

  it('are normal: moments and tails of 200,000 numbers', () => {
    const count = 200_000;
    const values = randomNormals(key, count);
    const moment = (order: number): number => values.reduce((sum, value) => sum + value ** order, 0) / count;
    expect(Math.abs(moment(1))).toBeLessThan(0.01);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.015);
    expect(Math.abs(moment(3))).toBeLessThan(0.03);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.1);
    expect(values.filter((value) => Math.abs(value) > 1.959964).length / count).toBeCloseTo(0.05, 2);
  });

  it('are uniform in [0, 1)', () => {
    const values = randomUniforms(key, 100_000);
    const bins = new Array<number>(20).fill(0);
    for (const value of values) bins[Math.floor(value * 20)]++;
    const chiSquare = bins.reduce((sum, bin) => sum + (bin - 5000) ** 2 / 5000, 0);
    expect(chiSquare).toBeLessThan(43.8); // 19 degrees of freedom, p = 0.001
    expect(Math.min(...values.slice(0, 1000))).toBeGreaterThanOrEqual(0);
  });

  it('are whole numbers over the whole range', () => {
    const values = randomIntegers(key, 5000, 10);
    expect([...new Set(values)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('are permutations, and each order is about equally frequent', () => {
    const seen = new Map<string, number>();
    for (let step = 0; step < 6000; step++) {
      const order = permutation({ ...key, step }, 3).join('');
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect([...seen.keys()].sort()).toEqual(['012', '021', '102', '120', '201', '210']);
    for (const times of seen.values()) expect(Math.abs(times - 1000)).toBeLessThan(130);
  });

  it('refuse keys that would be truncated', () => {
    expect(() => randomNormals({ ...key, seed: -1 }, 4)).toThrow('random seed is -1');
    expect(() => randomNormals({ ...key, step: 1.5 }, 4)).toThrow('random step is 1.5');
  });
});
