// Conversion from and to float16 and bfloat16. Rounds to nearest even, with subnormals, infinities and NaN.

const scratchFloat = new Float32Array(1);
const scratchBits = new Uint32Array(scratchFloat.buffer);

let float16Table: Uint32Array | undefined;

/** The float32 bits of all 65,536 float16 values, so that decoding is one look-up per element. */
function float16Bits(): Uint32Array {
  if (float16Table) return float16Table;
  const table = new Uint32Array(65536);
  for (let half = 0; half < 65536; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    let bits: number;
    if (exponent === 31) bits = 0x7f800000 | (fraction << 13);
    else if (exponent > 0) bits = ((exponent + 112) << 23) | (fraction << 13);
    else {
      scratchFloat[0] = fraction * 2 ** -24;
      bits = scratchBits[0]!;
    }
    table[half] = sign | bits;
  }
  float16Table = table;
  return table;
}

function encodeFloat16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x47800000) {
    if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
    return sign | 0x7c00;
  }
  if (magnitude < 0x38800000) {
    // Adding 0.5 aligns the last bit of float32 with float16's subnormal step, 2^-24, so that the hardware rounds.
    scratchBits[0] = magnitude;
    scratchFloat[0] = scratchFloat[0]! + 0.5;
    return sign | (scratchBits[0]! - 0x3f000000);
  }
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

function encodeBfloat16(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

function requireRoom(source: ArrayLike<number>, target: ArrayLike<number>): void {
  if (target.length !== source.length) {
    throw new RangeError(`conversion target has ${target.length} elements, the source ${source.length}`);
  }
}

export function float16ToFloat32Array(source: Uint16Array, target: Float32Array): void {
  requireRoom(source, target);
  const table = float16Bits();
  const bits = bitsOf(target);
  for (let i = 0; i < source.length; i++) bits[i] = table[source[i]!]!;
}

export function bfloat16ToFloat32Array(source: Uint16Array, target: Float32Array): void {
  requireRoom(source, target);
  const bits = bitsOf(target);
  for (let i = 0; i < source.length; i++) bits[i] = source[i]! << 16;
}

export function float32ToFloat16Array(source: Float32Array, target: Uint16Array): void {
  requireRoom(source, target);
  const bits = bitsOf(source);
  for (let i = 0; i < bits.length; i++) target[i] = encodeFloat16(bits[i]!);
}

export function float32ToBfloat16Array(source: Float32Array, target: Uint16Array): void {
  requireRoom(source, target);
  const bits = bitsOf(source);
  for (let i = 0; i < bits.length; i++) target[i] = encodeBfloat16(bits[i]!);
}
