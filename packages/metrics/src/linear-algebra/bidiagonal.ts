// Second stage of the singular values: from banded to bidiagonal by rotations, then to the values by implicit QL.
import { bandStride, type Band } from './band-reduction.ts';
import { rotate, tridiagonalEigenvalues } from './tridiagonal.ts';

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
