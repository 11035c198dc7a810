// Counter-based random numbers: each number depends only on its key, not on earlier numbers.

/** Name of one stream of numbers. `step` and `index` distinguish streams of the same purpose. */
export interface RandomKey {
  readonly seed: number;
  readonly step: number;
  readonly purpose: string;
  readonly index?: number;
}

type Words4 = readonly [number, number, number, number];

const multiplyHigh = (a: number, b: number): number => {
  const aLow = a & 0xffff,
    aHigh = a >>> 16,
    bLow = b & 0xffff,
    bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carried = aLow * bHigh + (middle % 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carried / 0x10000)) >>> 0;
};

/** Philox 4x32 with ten rounds: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. */
export function philox4x32(counter: Words4, key: readonly [number, number]): Words4 {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0),
      low0 = Math.imul(0xd2511f53, c0) >>> 0;
    const high1 = multiplyHigh(0xcd9e8d57, c2),
      low1 = Math.imul(0xcd9e8d57, c2) >>> 0;
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** 32-bit FNV-1a over the UTF-16 units. */
function hashPurpose(purpose: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < purpose.length; i++) hash = Math.imul(hash ^ purpose.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function checked(value: number, name: string, limit: number): number {
  if (!Number.isInteger(value) || value < 0 || value > limit) {
    throw new RangeError(`random ${name} is ${value}: give a whole number from 0 to ${limit}`);
  }
  return value;
}

/** Blocks of four 32-bit words for one key, in order. */
function* blocks(key: RandomKey): Generator<Words4, never> {
  const seed = checked(key.seed, 'seed', Number.MAX_SAFE_INTEGER);
  const step = checked(key.step, 'step', 0xffffffff);
  const index = checked(key.index ?? 0, 'index', 0xffffffff);
  const purpose = hashPurpose(key.purpose);
  const words = [seed >>> 0, Math.floor(seed / 2 ** 32)] as const;
  for (let block = 0; ; block++) yield philox4x32([checked(block, 'count', 0xffffffff), step, index, purpose], words);
}

/** Standard normal numbers by the Box-Muller transform. */
export function randomNormals(key: RandomKey, count: number): Float32Array {
  const result = new Float32Array(count);
  const stream = blocks(key);
  for (let i = 0; i < count; i += 4) {
    const words = stream.next().value;
    for (let pair = 0; pair < 4 && i + pair < count; pair += 2) {
      const radius = Math.sqrt(-2 * Math.log((words[pair] + 1) / 2 ** 32));
      const angle = 2 * Math.PI * (words[pair + 1] / 2 ** 32);
      result[i + pair] = radius * Math.cos(angle);
      if (i + pair + 1 < count) result[i + pair + 1] = radius * Math.sin(angle);
    }
  }
  return result;
}

/** Uniform numbers in [0, 1) with 53 random bits. */
export function randomUniforms(key: RandomKey, count: number): Float64Array {
  const result = new Float64Array(count);
  const stream = blocks(key);
  for (let i = 0; i < count; i += 2) {
    const words = stream.next().value;
    for (let half = 0; half < 2 && i + half < count; half++) {
      result[i + half] = ((words[2 * half] >>> 5) * 2 ** 26 + (words[2 * half + 1] >>> 6)) / 2 ** 53;
    }
  }
  return result;
}

/** Whole numbers from 0 to below - 1, uniformly distributed. */
export function randomIntegers(key: RandomKey, count: number, below: number): Int32Array {
  if (!Number.isInteger(below) || below < 1 || below > 2 ** 31)
    throw new RangeError(`random integers below ${below}: give a whole number from 1`);
  return Int32Array.from(randomUniforms(key, count), (uniform) => Math.floor(uniform * below));
}

/** The numbers 0 to n - 1 in random order (Fisher-Yates). */
export function permutation(key: RandomKey, n: number): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const uniforms = randomUniforms(key, n);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniforms[i] * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
