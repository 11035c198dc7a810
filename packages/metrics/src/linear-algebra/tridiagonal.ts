// Rotations of pairs of entries, and the eigenvalues of symmetric tridiagonal matrices.

/** Rotates `count` pairs of entries, `step` apart, so that (x, y) becomes (c x + s y, c y - s x). */
export function rotate(data: Float64Array, x: number, y: number, step: number, count: number, c: number, s: number): void {
  for (let i = 0; i < count; i++, x += step, y += step) {
    const a = data[x];
    const b = data[y];
    data[x] = c * a + s * b;
    data[y] = c * b - s * a;
  }
}

/** Eigenvalues of a symmetric tridiagonal matrix by implicit QL (Wilkinson shift), without eigenvectors. Overwrites both arrays. */
export function tridiagonalEigenvalues(diagonal: Float64Array, off: Float64Array): Float64Array {
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
