// Statistics of repeated measurements.

/** Quantile: `part` is from 0 to 1; needs at least one value. */
export function percentile(values: readonly number[], part: number): number {
  if (values.length === 0) throw new Error('a percentile of nothing was asked for');
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
}

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('the median of nothing was asked for');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function mean(values: Iterable<number> & { readonly length: number }): number {
  if (values.length === 0) throw new Error('the mean of nothing was asked for');
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
