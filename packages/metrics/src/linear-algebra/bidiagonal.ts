// Second stage of the singular values: from banded to bidiagonal by rotations, then to the values by implicit QL.
import { bandStride, type Band } from './band-reduction.ts';

/** Rotates `count` pairs of entries, `step` apart, so that (x, y) becomes (c x + s y, c y - s x). */
function rotate(data: Float64Array, x: number, y: number, step: number, count: number, c: number, s: number): void {
  for (let i = 0; i < count; i++, x += step, y += step) {
    const a = data[x];
    const b = data[y];
    data[x] = c * a + s * b;
    data[y] = c * b - s * a;
  }
}

/**
 * Moves the entry (row, column) down and out of the band by rotations; the columns to its left absorb it. Lengths are plain square roots,
 * ten times as fast as Math.hypot; entries of covariances are far from the limits of float64.
 */
function chase({ data, size, bandwidth }: Band, row: number, column: number): void {
  const stride = bandStride(bandwidth);
  while (column < size) {
    const above = row * stride + column - row + 1;
    const f = data[above - 1];
    const g = data[above];
    if (g === 0) return;
    const r = Math.sqrt(f * f + g * g);
    rotate(data, above - 1, above, stride - 1, column - row + 1, f / r, g / r);
    data[above] = 0;
    const diagonal = (column - 1) * stride + 1;
    const below = column * stride;
    const p = data[diagonal];
    const q = data[below];
    if (q === 0) return;
    const length = Math.sqrt(p * p + q * q);
    rotate(data, diagonal, below, 1, Math.min(size - 1, column + bandwidth) - column + 2, p / length, q / length);
    data[below] = 0;
    row = column - 1;
    column += bandwidth;
  }
}

function bidiagonalize(band: Band): { diagonal: Float64Array; superdiagonal: Float64Array } {
  const { data, size, bandwidth } = band;
  for (let row = 0; row < size - 2; row++) {
    for (let distance = Math.min(bandwidth, size - 1 - row); distance > 1; distance--) chase(band, row, row + distance);
  }
  const stride = bandStride(bandwidth);
  return {
    diagonal: Float64Array.from({ length: size }, (_, i) => data[i * stride + 1]),
    superdiagonal: Float64Array.from({ length: size - 1 }, (_, i) => data[i * stride + 2]),
  };
}

/** Eigenvalues of a symmetric tridiagonal matrix by implicit QL (Wilkinson shift), without eigenvectors. Overwrites both arrays. */
function tridiagonalEigenvalues(diagonal: Float64Array, off: Float64Array): Float64Array {
  const size = diagonal.length;
  // relative to the whole matrix: next to zero eigenvalues, nothing is small compared with its neighbors
  const negligible = Number.EPSILON * off.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (let l = 0; l < size; l++) {
    for (let iteration = 0; ; iteration++) {
      let m = l;
      while (m < size - 1 && Math.abs(off[m]) > negligible) m++;
      if (m === l) break;
      if (iteration === 60) throw new Error('the eigenvalues of a tridiagonal matrix did not converge');
      let g = (diagonal[l + 1] - diagonal[l]) / (2 * off[l]);
      let r = Math.sqrt(g * g + 1);
      g = diagonal[m] - diagonal[l] + off[l] / (g + (g >= 0 ? r : -r));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * off[i];
        const b = c * off[i];
        r = Math.sqrt(f * f + g * g);
        off[i + 1] = r;
        if (r === 0) {
          diagonal[i + 1] -= p;
          off[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = diagonal[i + 1] - p;
        r = (diagonal[i] - g) * s + 2 * c * b;
        p = s * r;
        diagonal[i + 1] = g + p;
        g = c * r - b;
      }
      if (r === 0 && i >= l) continue;
      diagonal[l] -= p;
      off[l] = g;
      off[m] = 0;
    }
  }
  return diagonal;
}

/**
 * All singular values; overwrites the band. They are eigenvalues of the symmetric tridiagonal matrix with a zero diagonal and
 * the bidiagonal's entries next to it (Golub-Kahan), so nothing is squared and small values keep their digits.
 */
export function bidiagonalValues(band: Band): Float64Array {
  const { diagonal, superdiagonal } = bidiagonalize(band);
  const size = 2 * diagonal.length;
  const off = new Float64Array(size);
  diagonal.forEach((value, i) => {
    off[2 * i] = value;
    if (i < superdiagonal.length) off[2 * i + 1] = superdiagonal[i];
  });
  // The eigenvalues occur in pairs of both signs.
  return tridiagonalEigenvalues(new Float64Array(size), off).sort().map(Math.abs).slice(0, diagonal.length);
}
