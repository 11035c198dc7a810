// The optimizer's arithmetic in AssemblyScript, TypeScript that compiles to WebAssembly: four weights at a time (128-bit SIMD).
// `npm run kernels` writes src/kernels/optimizer.wasm. Arrays are addresses in the module's imported memory. Functions go through them in steps of eight
// elements, and so compute up to seven elements after the last one, which are zeros and stay zeros. `half`: gradients are float16 bits instead of float32.

let gradientScale: v128 = f32x4.splat(1);
let decay: v128 = f32x4.splat(1);
let stepSize: v128 = f32x4.splat(0);
let secondCorrection: v128 = f32x4.splat(1);
let rest1: v128 = f32x4.splat(0);
let beta2: v128 = f32x4.splat(0);
let rest2: v128 = f32x4.splat(0);
let epsilon: v128 = f32x4.splat(0);

/** `rest1` and `rest2` are 1 - beta1 and 1 - beta2; the other fields are those of AdamWFactors. */
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

/** 32 well-mixed bits for each of four positions (the finalizer of MurmurHash3). */
// @ts-ignore: decorator
@inline
function hash(positions: v128): v128 {
  let h = i32x4.mul(positions, i32x4.splat(0x9e3779b1));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 16)), i32x4.splat(0x85ebca6b));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 13)), i32x4.splat(0xc2b2ae35));
  return v128.xor(h, i32x4.shr_u(h, 16));
}

/** Converts float16 bits in the lower half of each lane to float32, without subnormal float32 values, which are slow on processors. */
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

/** Four gradients as float32. */
// @ts-ignore: decorator
@inline
function load(gradients: usize, element: usize, half: bool): v128 {
  return half ? widened(v128.load16x4_u(gradients + (element << 1))) : v128.load(gradients + (element << 2));
}

// @ts-ignore: decorator
@inline
function adamWOf(weights: usize, gradients: usize, first: usize, second: usize, count: i32, half: bool): void {
  for (let i: i32 = 0; i < count; i += 4) {
    const at = <usize>i << 2;
    const g = f32x4.mul(load(gradients, <usize>i, half), gradientScale);
    const m = nextFirst(v128.load(first + at), g);
    const v = nextSecond(v128.load(second + at), g);
    v128.store(first + at, m);
    v128.store(second + at, v);
    v128.store(weights + at, nextWeight(v128.load(weights + at), m, v));
  }
}

/** One update, with float32 moments. */
export function adamW(weights: usize, gradients: usize, first: usize, second: usize, count: i32, half: bool): void {
  if (half) adamWOf(weights, gradients, first, second, count, true);
  else adamWOf(weights, gradients, first, second, count, false);
}

/** A second result of updateFour: the upper halves of the moments, rounded at random. */
let roundedFirst: v128 = i32x4.splat(0);
let roundedSecond: v128 = i32x4.splat(0);

// @ts-ignore: decorator
@inline
function updateFour(weights: usize, gradients: usize, first: usize, second: usize, element: usize, seed: v128, half: bool): void {
  const g = f32x4.mul(load(gradients, element, half), gradientScale);
  const m = nextFirst(i32x4.shl(v128.load16x4_u(first + (element << 1)), 16), g);
  const v = nextSecond(i32x4.shl(v128.load16x4_u(second + (element << 1)), 16), g);
  const at = weights + (element << 2);
  v128.store(at, nextWeight(v128.load(at), m, v));
  const random = hash(v128.xor(i32x4.add(i32x4.splat(<i32>element), i32x4(0, 1, 2, 3)), seed));
  roundedFirst = i32x4.shr_u(i32x4.add(m, v128.and(random, i32x4.splat(0xffff))), 16);
  roundedSecond = i32x4.shr_u(i32x4.add(v, i32x4.shr_u(random, 16)), 16);
}

// @ts-ignore: decorator
@inline
function adamWBFloat16Of(weights: usize, gradients: usize, first: usize, second: usize, count: i32, seed: i32, half: bool): void {
  const seeds = i32x4.splat(seed);
  for (let i: i32 = 0; i < count; i += 8) {
    const element = <usize>i;
    updateFour(weights, gradients, first, second, element, seeds, half);
    const firstOfFour = roundedFirst;
    const secondOfFour = roundedSecond;
    updateFour(weights, gradients, first, second, element + 4, seeds, half);
    v128.store(first + (element << 1), i16x8.narrow_i32x4_u(firstOfFour, roundedFirst));
    v128.store(second + (element << 1), i16x8.narrow_i32x4_u(secondOfFour, roundedSecond));
  }
}

/** One update, with bfloat16 moments. The place of an element and `seed` decide how they are rounded. */
export function adamWBFloat16(weights: usize, gradients: usize, first: usize, second: usize, count: i32, seed: i32, half: bool): void {
  if (half) adamWBFloat16Of(weights, gradients, first, second, count, seed, true);
  else adamWBFloat16Of(weights, gradients, first, second, count, seed, false);
}

/** Adds gradients to float32 sums. */
export function addGradients(sums: usize, gradients: usize, count: i32, half: bool): void {
  for (let i: i32 = 0; i < count; i += 4) {
    const at = sums + (<usize>i << 2);
    v128.store(at, f32x4.add(v128.load(at), load(gradients, <usize>i, half)));
  }
}

/** values -= share * (values - target) */
export function moveTowards(values: usize, target: usize, count: i32, share: f32): void {
  const shares = f32x4.splat(share);
  const end = <usize>count << 2;
  for (let at: usize = 0; at < end; at += 16) {
    const value = v128.load(values + at);
    v128.store(values + at, f32x4.sub(value, f32x4.mul(shares, f32x4.sub(value, v128.load(target + at)))));
  }
}

/** Sum of squares in float64. */
export function sumOfSquares(gradients: usize, count: i32, half: bool): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (let i: i32 = 0; i < count; i += 4) {
    const values = load(gradients, <usize>i, half);
    const a = f64x2.promote_low_f32x4(values);
    const b = f64x2.promote_low_f32x4(v128.shuffle<i32>(values, values, 2, 3, 0, 1));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** A second result of prodigyMoments: the product of the gradient with the difference between the initial weights and the weights. */
let numerator: f64 = 0;

export function prodigyNumerator(): f64 {
  return numerator;
}

// @ts-ignore: decorator
@inline
function doubles(values: v128): v128 {
  return f64x2.add(f64x2.promote_low_f32x4(values), f64x2.promote_low_f32x4(v128.shuffle<i32>(values, values, 2, 3, 0, 1)));
}

// @ts-ignore: decorator
@inline
function decayed(address: usize, keep: v128, addition: v128): v128 {
  const next = f32x4.add(f32x4.mul(v128.load(address), keep), addition);
  v128.store(address, next);
  return next;
}

/** Updates Prodigy's averages: each keeps a share of its value and adds a share of the gradient. Returns the sum of the absolute `sums` in float64. */
export function prodigyMoments(weights: usize, gradients: usize, first: usize, second: usize, start: usize, sums: usize, count: i32, half: bool, scale: f32, keep1: f32, take1: f32, keep2: f32, take2: f32, keep3: f32, take3: f32): f64 {
  let product = f64x2.splat(0);
  let size = f64x2.splat(0);
  for (let i: i32 = 0; i < count; i += 4) {
    const at = <usize>i << 2;
    const g = f32x4.mul(half ? load(gradients, <usize>i, true) : load(gradients, <usize>i, false), f32x4.splat(scale));
    decayed(first + at, f32x4.splat(keep1), f32x4.mul(g, f32x4.splat(take1)));
    decayed(second + at, f32x4.splat(keep2), f32x4.mul(f32x4.mul(g, g), f32x4.splat(take2)));
    const s = decayed(sums + at, f32x4.splat(keep3), f32x4.mul(g, f32x4.splat(take3)));
    product = f64x2.add(product, doubles(f32x4.mul(g, f32x4.sub(v128.load(start + at), v128.load(weights + at)))));
    size = f64x2.add(size, doubles(f32x4.abs(s)));
  }
  numerator = f64x2.extract_lane(product, 0) + f64x2.extract_lane(product, 1);
  return f64x2.extract_lane(size, 0) + f64x2.extract_lane(size, 1);
}

/** weights = weights * kept - step * first / (sqrt(second) + floor) */
export function prodigyWeights(weights: usize, first: usize, second: usize, count: i32, kept: f32, step: f32, floor: f32): void {
  const end = <usize>count << 2;
  for (let at: usize = 0; at < end; at += 16) {
    const deviation = f32x4.add(f32x4.sqrt(v128.load(second + at)), f32x4.splat(floor));
    const change = f32x4.mul(f32x4.div(v128.load(first + at), deviation), f32x4.splat(step));
    v128.store(weights + at, f32x4.sub(f32x4.mul(v128.load(weights + at), f32x4.splat(kept)), change));
  }
}
