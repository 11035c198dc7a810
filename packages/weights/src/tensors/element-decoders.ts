// Decoders from each stored dtype to float32.
import { bfloat16ToFloat32Array, float16ToFloat32Array } from './half.ts';

export interface Decoder {
  bytesPerElement: number;
  /** Decodes the first `target.length` elements of `chunk`, which is aligned to 8 bytes. */
  decode(chunk: ArrayBuffer, target: Float32Array): void;
}

function copying(view: (chunk: ArrayBuffer, count: number) => ArrayLike<number>, bytesPerElement: number): Decoder {
  return { bytesPerElement, decode: (chunk, target) => target.set(view(chunk, target.length)) };
}

function decodeInt64(chunk: ArrayBuffer, target: Float32Array): void {
  const low = new Uint32Array(chunk);
  const high = new Int32Array(chunk);
  for (let i = 0; i < target.length; i++) target[i] = high[2 * i + 1]! * 2 ** 32 + low[2 * i]!;
}

/**
 * The values of all 256 bytes: a sign, `exponentBits` bits of exponent, and the mantissa. E4M3 has no infinity: all ones are NaN. E5M2 is
 * the upper half of a float16.
 */
function float8Table(exponentBits: 4 | 5): Float32Array {
  const mantissaBits = 7 - exponentBits;
  const [bias, most] = [2 ** (exponentBits - 1) - 1, 2 ** exponentBits - 1];
  return Float32Array.from({ length: 256 }, (_, byte) => {
    const sign = byte >= 128 ? -1 : 1;
    const exponent = (byte & 127) >> mantissaBits;
    const mantissa = (byte & (2 ** mantissaBits - 1)) / 2 ** mantissaBits;
    if (exponentBits === 4 && (byte & 127) === 127) return NaN;
    if (exponentBits === 5 && exponent === most) return mantissa === 0 ? sign * Infinity : NaN;
    return sign * (exponent === 0 ? mantissa * 2 ** (1 - bias) : (1 + mantissa) * 2 ** (exponent - bias));
  });
}

function float8(exponentBits: 4 | 5): Decoder {
  const table = float8Table(exponentBits);
  return {
    bytesPerElement: 1,
    decode: (chunk, target) => {
      const bytes = new Uint8Array(chunk);
      for (let i = 0; i < target.length; i++) target[i] = table[bytes[i]!]!;
    },
  };
}

export const decoders: Record<string, Decoder> = {
  F32: copying((chunk, count) => new Float32Array(chunk, 0, count), 4),
  F16: { bytesPerElement: 2, decode: (chunk, target) => float16ToFloat32Array(new Uint16Array(chunk, 0, target.length), target) },
  BF16: { bytesPerElement: 2, decode: (chunk, target) => bfloat16ToFloat32Array(new Uint16Array(chunk, 0, target.length), target) },
  F64: copying((chunk, count) => new Float64Array(chunk, 0, count), 8),
  I32: copying((chunk, count) => new Int32Array(chunk, 0, count), 4),
  U32: copying((chunk, count) => new Uint32Array(chunk, 0, count), 4),
  I16: copying((chunk, count) => new Int16Array(chunk, 0, count), 2),
  U16: copying((chunk, count) => new Uint16Array(chunk, 0, count), 2),
  I8: copying((chunk, count) => new Int8Array(chunk, 0, count), 1),
  U8: copying((chunk, count) => new Uint8Array(chunk, 0, count), 1),
  BOOL: copying((chunk, count) => new Uint8Array(chunk, 0, count), 1),
  I64: { bytesPerElement: 8, decode: decodeInt64 },
  F8_E4M3: float8(4),
  F8_E5M2: float8(5),
};
