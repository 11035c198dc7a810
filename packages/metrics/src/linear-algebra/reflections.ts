// Householder reflections of a few rows, combined so that they are applied by matrix products.
import type { Matrix } from '@styleforge/runtime';
import { matrix } from './matrices.ts';

/** Number of reflections that are combined: the width of the bands. */
export const blockSize = 32;

function inner(a: Float64Array, aStart: number, b: Float64Array, bStart: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < length; i += 4) {
    s0 += a[aStart + i] * b[bStart + i];
    s1 += a[aStart + i + 1] * b[bStart + i + 1];
    s2 += a[aStart + i + 2] * b[bStart + i + 2];
    s3 += a[aStart + i + 3] * b[bStart + i + 3];
  }
  for (; i < length; i++) s0 += a[aStart + i] * b[bStart + i];
  return s0 + s1 + (s2 + s3);
}

/** Turns x[start..] into a multiple of its first unit vector. Leaves the reflector in x and returns the multiple. */
function householder(x: Float64Array, start: number, length: number): number {
  const norm = Math.sqrt(inner(x, start, x, start, length));
  if (norm === 0) return 0;
  const alpha = x[start] > 0 ? -norm : norm;
  x[start] -= alpha;
  const scale = Math.SQRT2 / Math.sqrt(inner(x, start, x, start, length));
  for (let i = start; i < start + length; i++) x[i] *= scale;
  return alpha;
}

/** Q = I - transpose(V) T V with reflectors in the rows of V, and the lower triangle that remains of the rows. */
export interface Reflected {
  readonly v: Matrix;
  readonly t: Matrix;
  readonly triangle: Matrix;
}

/** Makes the rows of `panel` lower triangular by reflections from the right; `panel` becomes V. */
export function reflectRows(panel: Matrix): Reflected {
  const { data, rows, columns } = panel;
  const triangle = matrix(rows, rows);
  const t = matrix(rows, rows);
  for (let k = 0; k < rows; k++) {
    for (let i = 0; i < Math.min(k, columns); i++) triangle.data[k * rows + i] = data[k * columns + i];
    data.fill(0, k * columns, k * columns + Math.min(k, columns));
    if (k >= columns) continue;
    const start = k * columns + k;
    const alpha = householder(data, start, columns - k);
    triangle.data[k * rows + k] = alpha;
    if (alpha === 0) continue;
    for (let row = k + 1; row < rows; row++) {
      const from = row * columns + k;
      const sum = inner(data, start, data, from, columns - k);
      for (let i = 0; i < columns - k; i++) data[from + i] -= sum * data[start + i];
    }
    const products = Float64Array.from({ length: k }, (_, i) => inner(data, i * columns + k, data, start, columns - k));
    t.data[k * rows + k] = 1;
    for (let i = 0; i < k; i++) t.data[i * rows + k] = -inner(t.data, i * rows + i, products, i, k - i);
  }
  return { v: panel, t, triangle };
}
