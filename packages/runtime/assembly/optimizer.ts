// The optimizer's arithmetic in AssemblyScript, TypeScript that compiles to WebAssembly: four weights at a time (128-bit SIMD).
// `npm run kernels` writes src/optimizer.wasm. Callers copy tiles of their arrays into the memory below and out again.

const TILE: i32 = 8192;
/** Elements of each array that fit here. */
export const tile: i32 = TILE;
export const weights: usize = memory.data(TILE << 2, 16);
export const gradients: usize = memory.data(TILE << 2, 16);
/** First and second moments: float32, or bfloat16 in the lower half. */
export const firstMoments: usize = memory.data(TILE << 2, 16);
export const secondMoments: usize = memory.data(TILE << 2, 16);
/** Gradients as float16, for widenGradients. */
export const halfGradients: usize = memory.data(TILE << 1, 16);

let gradientScale: v128 = f32x4.splat(1);
let decay: v128 = f32x4.splat(1);
let stepSize: v128 = f32x4.splat(0);
let secondCorrection: v128 = f32x4.splat(1);
let rest1: v128 = f32x4.splat(0);
let beta2: v128 = f32x4.splat(0);
let rest2: v128 = f32x4.splat(0);
let epsilon: v128 = f32x4.splat(0);

/** `rest1` and `rest2` are 1 - beta1 and 1 - beta2; the others as in AdamWFactors. */
export function setFactors(_gradientScale: f32, _decay: f32, _stepSize: f32, _secondCorrection: f32, _rest1: f32, _beta2: f32, _rest2: f32, _epsilon: f32): void {
  gradientScale = f32x4.splat(_gradientScale);
  decay = f32x4.splat(_decay);
  stepSize = f32x4.splat(_stepSize);
  secondCorrection = f32x4.splat(_secondCorrection);
  rest1 = f32x4.splat(_rest1);
  beta2 = f32x4.splat(_beta2);
  rest2 = f32x4.splat(_rest2);
  epsilon = f32x4.splat(_epsilon);
}

// @ts-ignore: decorator
@inline
function nextFirst(m: v128, g: v128): v128 {
  return f32x4.add(m, f32x4.mul(f32x4.sub(g, m), rest1));
}

// @ts-ignore: decorator
@inline
function nextSecond(v: v128, g: v128): v128 {
  return f32x4.add(f32x4.mul(v, beta2), f32x4.mul(f32x4.mul(g, g), rest2));
}

// @ts-ignore: decorator
@inline
function nextWeight(w: v128, m: v128, v: v128): v128 {
  const deviation = f32x4.add(f32x4.mul(f32x4.sqrt(v), secondCorrection), epsilon);
  return f32x4.sub(f32x4.mul(w, decay), f32x4.mul(f32x4.div(m, deviation), stepSize));
}

/** One update of the first `count` elements of the tile; up to seven behind them are computed too and mean nothing. */
export function adamW(count: i32): void {
  const end = <usize>count << 2;
  for (let at: usize = 0; at < end; at += 16) {
    const g = f32x4.mul(v128.load(gradients + at), gradientScale);
    const m = nextFirst(v128.load(firstMoments + at), g);
    const v = nextSecond(v128.load(secondMoments + at), g);
    v128.store(firstMoments + at, m);
    v128.store(secondMoments + at, v);
    v128.store(weights + at, nextWeight(v128.load(weights + at), m, v));
  }
}

/** 32 well-mixed bits for each of four positions (the finalizer of MurmurHash3). */
// @ts-ignore: decorator
@inline
function hash(positions: v128): v128 {
  let h = i32x4.mul(positions, i32x4.splat(0x9e3779b1));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(0x85ebca6b));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 13)), i32x4.splat(0xc2b2ae35));
  return v128.xor(h, i32x4.shr_u(h, 16));
}

/** What updateFour leaves for its caller. */
let roundedFirst: v128 = i32x4.splat(0);
let roundedSecond: v128 = i32x4.splat(0);

/** Updates four weights; leaves the moments' upper halves, rounded at random, in roundedFirst and roundedSecond. */
// @ts-ignore: decorator
@inline
function updateFour(element: usize, position: i32, seed: v128): void {
  const g = f32x4.mul(v128.load(gradients + (element << 2)), gradientScale);
  const m = nextFirst(i32x4.shl(v128.load16x4_u(firstMoments + (element << 1)), 16), g);
  const v = nextSecond(i32x4.shl(v128.load16x4_u(secondMoments + (element << 1)), 16), g);
  v128.store(weights + (element << 2), nextWeight(v128.load(weights + (element << 2)), m, v));
  const random = hash(v128.xor(i32x4.add(i32x4.splat(position), i32x4(0, 1, 2, 3)), seed));
  roundedFirst = i32x4.shr_u(i32x4.add(m, v128.and(random, i32x4.splat(0xffff))), 16);
  roundedSecond = i32x4.shr_u(i32x4.add(v, i32x4.shr_u(random, 16)), 16);
}

/** The same with bfloat16 moments; `position` of the tile's first element and `seed` decide how they are rounded. */
export function adamWBFloat16(count: i32, position: i32, seed: i32): void {
  const seeds = i32x4.splat(seed);
  for (let i: i32 = 0; i < count; i += 8) {
    const element = <usize>i;
    updateFour(element, position + i, seeds);
    const first = roundedFirst;
    const second = roundedSecond;
    updateFour(element + 4, position + i + 4, seeds);
    v128.store(firstMoments + (element << 1), i16x8.narrow_i32x4_u(first, roundedFirst));
    v128.store(secondMoments + (element << 1), i16x8.narrow_i32x4_u(second, roundedSecond));
  }
}

/** float16 bits in the lower half of each lane -> float32; never through subnormal float32 values, which processors are slow with. */
// @ts-ignore: decorator
@inline
function widened(halves: v128): v128 {
  const exponents = v128.and(halves, i32x4.splat(0x7c00));
  const magnitudes = i32x4.shl(v128.and(halves, i32x4.splat(0x7fff)), 13);
  const smallest = i32x4.splat(113 << 23);
  const subnormal = f32x4.sub(i32x4.add(magnitudes, smallest), smallest);
  const infinite = v128.and(i32x4.eq(exponents, i32x4.splat(0x7c00)), i32x4.splat(112 << 23));
  const normal = i32x4.add(i32x4.add(magnitudes, i32x4.splat(112 << 23)), infinite);
  const values = v128.bitselect(subnormal, normal, i32x4.eq(exponents, i32x4.splat(0)));
  return v128.or(values, i32x4.shl(v128.and(halves, i32x4.splat(0x8000)), 16));
}

/** Makes the first `count` gradients from those in float16; up to three behind them change too. */
export function widenGradients(count: i32): void {
  for (let i: i32 = 0; i < count; i += 4) {
    const element = <usize>i;
    v128.store(gradients + (element << 2), widened(v128.load16x4_u(halfGradients + (element << 1))));
  }
}

/** Adds the gradients to sums that lie where the weights do; up to three behind `count` change too. */
export function addGradients(count: i32): void {
  const end = <usize>count << 2;
  for (let at: usize = 0; at < end; at += 16) v128.store(weights + at, f32x4.add(v128.load(weights + at), v128.load(gradients + at)));
}

/** Sum of squares of the first `count` gradients, a multiple of 8, in float64. */
export function sumOfSquares(count: i32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  const end = <usize>count << 2;
  for (let at: usize = 0; at < end; at += 16) {
    const values = v128.load(gradients + at);
    const a = f64x2.promote_low_f32x4(values);
    const b = f64x2.promote_low_f32x4(v128.shuffle<i32>(values, values, 2, 3, 0, 1));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}
