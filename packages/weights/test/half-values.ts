// One value at a time through the conversions of arrays.
import { bfloat16ToFloat32Array, float16ToFloat32Array, float32ToBfloat16Array, float32ToFloat16Array } from '@styleforge/weights';

const half = new Uint16Array(1);
const float = new Float32Array(1);

const decoder =
  (decode: (source: Uint16Array, target: Float32Array) => void) =>
  (bits: number): number => {
    half[0] = bits;
    decode(half, float);
    return float[0]!;
  };
const encoder =
  (encode: (source: Float32Array, target: Uint16Array) => void) =>
  (value: number): number => {
    float[0] = value;
    encode(float, half);
    return half[0]!;
  };

export const float16ToFloat32 = decoder(float16ToFloat32Array);
export const bfloat16ToFloat32 = decoder(bfloat16ToFloat32Array);
export const float32ToFloat16 = encoder(float32ToFloat16Array);
export const float32ToBfloat16 = encoder(float32ToBfloat16Array);
