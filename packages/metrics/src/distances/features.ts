// Rows of features, one per image, and their moments.
import type { Matrix } from '@styleforge/runtime';

/** Parameters of a Gaussian fitted to features. */
export interface Moments {
  readonly count: number;
  readonly mean: Float64Array;
  /** Covariance, divided by count - 1. */
  readonly covariance: Matrix;
}

export interface Features {
  data: Float32Array | Float64Array;
  count: number;
  dimension: number;
  /** Mean and covariance, if they are already known. */
  moments?: Moments;
}

export function features(data: Float32Array | Float64Array, dimension: number): Features {
  const count = data.length / dimension;
  if (!Number.isInteger(count) || dimension < 1) {
    throw new RangeError(`${data.length} values are not a whole number of rows of ${dimension}`);
  }
  for (const value of data) if (!Number.isFinite(value)) throw new RangeError('features must be finite numbers');
  return { data, count, dimension };
}

export function requireComparable(a: Features, b: Features, least: number): void {
  if (a.dimension !== b.dimension) throw new RangeError(`features of ${a.dimension} and ${b.dimension} dimensions cannot be compared`);
  const fewest = Math.min(a.count, b.count);
  if (fewest < least) throw new RangeError(`at least ${least} images are needed on each side, not ${fewest}`);
}
