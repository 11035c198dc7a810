// Float16 and bfloat16: every half value, and the rounding of everything between two neighbors.
import { describe, expect, it } from 'vitest';
import { bfloat16ToFloat32Array, float16ToFloat32Array, float32ToBfloat16Array, float32ToFloat16Array } from '@styleforge/weights';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './half-values.ts';

/** The definition of IEEE 754 binary16, without tricks. */
function float16ByDefinition(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function neighbors(value: number): [number, number] {
  const float = new Float32Array([value]);
  const bits = new Uint32Array(float.buffer);
  bits[0]!--;
  const below = float[0]!;
  bits[0]! += 2;
  return [below, float[0]!];
}

function wrong(isRight: (value: number) => boolean, count = 65536): number[] {
  return Array.from({ length: count }, (_, value) => value).filter((value) => !isRight(value));
}

describe('float16', () => {
  it('decodes all 65,536 values', () => {
    expect(wrong((half) => Object.is(float16ToFloat32(half), float16ByDefinition(half)))).toEqual([]);
  });

  it('returns every value unchanged, and NaN as NaN', () => {
    const halves = Uint16Array.from({ length: 65536 }, (_, half) => half);
    const floats = new Float32Array(65536);
    const back = new Uint16Array(65536);
    float16ToFloat32Array(halves, floats);
    float32ToFloat16Array(floats, back);
    const sameNaN = (half: number) => Number.isNaN(floats[half]) && Number.isNaN(float16ToFloat32(back[half]!));
    expect(wrong((half) => back[half] === half || sameNaN(half))).toEqual([]);
  });

  it('rounds to the nearest and ties to even, subnormals too', () => {
    const roundsRight = (half: number) => {
      const middle = (float16ByDefinition(half) + float16ByDefinition(half + 1)) / 2;
      const [below, above] = neighbors(middle);
      const even = half % 2 === 0 ? half : half + 1;
      const got = [float32ToFloat16(middle), float32ToFloat16(below), float32ToFloat16(above), float32ToFloat16(-above)];
      return got.join() === [even, half, half + 1, (half + 1) | 0x8000].join();
    };
    expect(wrong(roundsRight, 0x7bff)).toEqual([]);
  });

  it('overflows to infinity from 65,520 on and underflows to a signed zero', () => {
    expect(float32ToFloat16(65504)).toBe(0x7bff);
    expect(float32ToFloat16(neighbors(65520)[0])).toBe(0x7bff);
    expect(float32ToFloat16(65520)).toBe(0x7c00);
    expect(float32ToFloat16(-1e38)).toBe(0xfc00);
    expect(float32ToFloat16(2 ** -25)).toBe(0);
    expect(float32ToFloat16(-(2 ** -30))).toBe(0x8000);
  });
});

describe('bfloat16', () => {
  it('returns every value unchanged, and NaN as NaN', () => {
    const values = Uint16Array.from({ length: 65536 }, (_, value) => value);
    const floats = new Float32Array(65536);
    const back = new Uint16Array(65536);
    bfloat16ToFloat32Array(values, floats);
    float32ToBfloat16Array(floats, back);
    const sameNaN = (value: number) => Number.isNaN(floats[value]) && Number.isNaN(bfloat16ToFloat32(back[value]!));
    expect(wrong((value) => back[value] === value || sameNaN(value))).toEqual([]);
  });

  it('rounds to the nearest and ties to even', () => {
    for (let value = 0x0001; value < 0x7f00; value += 7) {
      const middle = (bfloat16ToFloat32(value) + bfloat16ToFloat32(value + 1)) / 2;
      const [below, above] = neighbors(middle);
      expect(float32ToBfloat16(middle)).toBe(value % 2 === 0 ? value : value + 1);
      expect(float32ToBfloat16(below)).toBe(value);
      expect(float32ToBfloat16(above)).toBe(value + 1);
    }
    expect(float32ToBfloat16(3.4028234663852886e38)).toBe(0x7f80);
  });
});

it('float16 and bfloat16 refuse a target of another length', () => {
  expect(() => float16ToFloat32Array(new Uint16Array(2), new Float32Array(3))).toThrow(/3 elements/);
});
