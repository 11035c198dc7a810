// The dense float64 routines behind FID: a pivoted Cholesky factor and the sum of singular values, both in blocks of matrix products.
import { gemm, type Matrix } from '@styleforge/runtime';
import { bidiagonalValues } from './bidiagonal.ts';
import { reduceToBand } from './band-reduction.ts';
import { matrix, transposed, without } from './matrices.ts';

/** Number of pivots that are eliminated one by one before one product updates the rest. */
const panelRows = 64;

/**
 * Computes up to `panelRows` rows of the factor of `rest`, whose diagonal is `diagonal`. Updates the diagonal and returns the positions of
 * the pivots.
 */
function factorPanel(
  { data, rows: size }: Matrix,
  diagonal: Float64Array,
  negligible: number,
): { panel: Float64Array[]; pivots: number[] } {
  const panel: Float64Array[] = [];
  const pivots: number[] = [];
  while (panel.length < Math.min(panelRows, size)) {
    const pivot = diagonal.reduce((best, value, i) => (value > diagonal[best] ? i : best), 0);
    if (diagonal[pivot] <= negligible) break;
    const scale = 1 / Math.sqrt(diagonal[pivot]);
    const row = data.slice(pivot * size, (pivot + 1) * size);
    for (const earlier of panel) {
      const factor = earlier[pivot];
      for (let i = 0; i < size; i++) row[i] -= factor * earlier[i];
    }
    for (let i = 0; i < size; i++) {
      row[i] *= scale;
      diagonal[i] -= row[i] ** 2;
    }
    for (const done of pivots) row[done] = 0;
    diagonal[pivot] = 0;
    pivots.push(pivot);
    panel.push(row);
  }
  return { panel, pivots };
}

/**
 * F with transpose(F) F = S for a positive semidefinite S, by the Cholesky factorization with diagonal pivoting.
 * F has as many rows as the rank of S, so a singular S needs no special treatment.
 */
export async function choleskyFactor(symmetric: Matrix): Promise<Matrix> {
  const size = symmetric.rows;
  let rest: Matrix = { ...symmetric, data: symmetric.data.slice() };
  let places = Array.from({ length: size }, (_, i) => i);
  let diagonal = Float64Array.from(places, (i) => symmetric.data[i * size + i]);
  const negligible = Math.max(...diagonal, 0) * size * Number.EPSILON;
  const rows: Float64Array[] = [];
  while (places.length > 0) {
    const { panel, pivots } = factorPanel(rest, diagonal, negligible);
    if (panel.length === 0) break;
    for (const values of panel) {
      const row = new Float64Array(size);
      places.forEach((place, i) => (row[place] = values[i]));
      rows.push(row);
    }
    const { rest: remaining, kept } = without(rest, pivots);
    const block = matrix(panel.length, kept.length);
    for (const [row, values] of panel.entries()) for (let i = 0; i < kept.length; i++) block.data[row * kept.length + i] = values[kept[i]];
    rest = await gemm(block, block, { transposeA: true, alpha: -1, addTo: remaining });
    diagonal = Float64Array.from(kept, (i) => diagonal[i]);
    places = Array.from(kept, (i) => places[i]);
  }
  const factor = matrix(rows.length, size);
  for (const [i, row] of rows.entries()) factor.data.set(row, i * size);
  return factor;
}

/** The sum of all singular values: dense to banded by blocks, banded to bidiagonal by rotations. */
export async function nuclearNorm(a: Matrix): Promise<number> {
  if (a.rows === 0 || a.columns === 0) return 0;
  const band = await reduceToBand(a.rows >= a.columns ? a : transposed(a));
  return bidiagonalValues(band).reduce((sum, value) => sum + value, 0);
}
