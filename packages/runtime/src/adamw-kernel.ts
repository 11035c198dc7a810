// The arithmetic of AdamW over flat arrays, in place: one pass over weights, gradients and both moments.

export interface AdamWFactors {
  /** Multiplies every gradient first: clipping and averaging over accumulated steps. */
  readonly gradientScale: number;
  /** 1 - lr * weightDecay */
  readonly decay: number;
  /** lr / (1 - beta1^t) */
  readonly stepSize: number;
  /** 1 / sqrt(1 - beta2^t) */
  readonly secondCorrection: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/**
 * AdamW with decoupled weight decay and bias correction (arXiv 1711.05101, in torch.optim.AdamW's order of operations). Sums are
 * float64, what is stored float32. All arrays have one length.
 */
export function adamW(weight: Float32Array, gradient: Float32Array, first: Float32Array, second: Float32Array, factors: AdamWFactors): void {
  const { gradientScale, decay, stepSize, secondCorrection, beta1, beta2, epsilon } = factors;
  const [rest1, rest2] = [1 - beta1, 1 - beta2];
  for (let i = 0; i < weight.length; i++) {
    const g = gradient[i] * gradientScale;
    const m = first[i] + (g - first[i]) * rest1;
    const v = second[i] * beta2 + g * g * rest2;
    first[i] = m;
    second[i] = v;
    weight[i] = weight[i] * decay - m / (Math.sqrt(v) * secondCorrection + epsilon) * stepSize;
  }
}

const TILE = 4096;
const firstTile = new Float32Array(TILE);
const secondTile = new Float32Array(TILE);
const firstBits = new Uint32Array(firstTile.buffer);
const secondBits = new Uint32Array(secondTile.buffer);

/**
 * The same with bfloat16 moments. They are rounded up or down at random, in proportion, because a moment that changes by less
 * than bfloat16's step (1/256) at a time would otherwise stand still (stochastic rounding, arXiv 2010.06192). `seed` and the
 * position alone decide, so that a resumed run rounds alike.
 */
export function adamWBFloat16(weight: Float32Array, gradient: Float32Array, first: Uint16Array, second: Uint16Array, factors: AdamWFactors, seed: number): void {
  for (let start = 0; start < weight.length; start += TILE) {
    const end = Math.min(weight.length, start + TILE);
    const count = end - start;
    for (let i = 0; i < count; i++) {
      firstBits[i] = first[start + i] << 16;
      secondBits[i] = second[start + i] << 16;
    }
    adamW(weight.subarray(start, end), gradient.subarray(start, end), firstTile.subarray(0, count), secondTile.subarray(0, count), factors);
    for (let i = 0; i < count; i++) {
      const random = hash(start + i, seed);
      first[start + i] = (firstBits[i] + (random & 0xffff)) >>> 16;
      second[start + i] = (secondBits[i] + (random >>> 16)) >>> 16;
    }
  }
}

/** 32 well-mixed bits of two integers (the finalizer of MurmurHash3). */
function hash(position: number, seed: number): number {
  let h = Math.imul(position ^ seed, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
