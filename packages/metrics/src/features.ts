// Rows of features, one per image, and the statistics that FID needs of them.

export interface Features {
  data: Float32Array | Float64Array;
  count: number;
  dimension: number;
}

export function features(data: Float32Array | Float64Array, dimension: number): Features {
  const count = data.length / dimension;
  if (!Number.isInteger(count) || dimension < 1) {
    throw new RangeError(`${data.length} values are no whole number of rows of ${dimension}`);
  }
  for (const value of data) if (!Number.isFinite(value)) throw new RangeError('features must be finite numbers');
  return { data, count, dimension };
}

export function requireComparable(a: Features, b: Features, least: number): void {
  if (a.dimension !== b.dimension) throw new RangeError(`features of ${a.dimension} and ${b.dimension} dimensions cannot be compared`);
  const fewest = Math.min(a.count, b.count);
  if (fewest < least) throw new RangeError(`at least ${least} images are needed on each side, not ${fewest}`);
}

export function mean({ data, count, dimension }: Features): Float64Array {
  const sums = new Float64Array(dimension);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < dimension; i++) sums[i]! += data[row * dimension + i]!;
  }
  return sums.map((sum) => sum / count);
}
