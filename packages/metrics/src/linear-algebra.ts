// The dense float64 routines behind FID: products, a pivoted Cholesky factor, and the sum of singular values.

/** Row-major. */
export interface Matrix {
  data: Float64Array;
  rows: number;
  columns: number;
}

export function matrix(rows: number, columns: number): Matrix {
  return { data: new Float64Array(rows * columns), rows, columns };
}

/** The inner product of two stretches of equal length, in four sums to keep the processor busy. */
function inner(a: ArrayLike<number>, aStart: number, b: ArrayLike<number>, bStart: number, length: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < length; i += 4) {
    s0 += a[aStart + i]! * b[bStart + i]!;
    s1 += a[aStart + i + 1]! * b[bStart + i + 1]!;
    s2 += a[aStart + i + 2]! * b[bStart + i + 2]!;
    s3 += a[aStart + i + 3]! * b[bStart + i + 3]!;
  }
  for (; i < length; i++) s0 += a[aStart + i]! * b[bStart + i]!;
  return s0 + s1 + (s2 + s3);
}

/** A times the transpose of B: every entry is the inner product of two rows. */
export function timesTransposed(a: Matrix, b: Matrix): Matrix {
  const product = matrix(a.rows, b.rows);
  const tile = 32;
  for (let first = 0; first < b.rows; first += tile) {
    const last = Math.min(first + tile, b.rows);
    for (let i = 0; i < a.rows; i++) {
      for (let j = first; j < last; j++) {
        product.data[i * b.rows + j] = inner(a.data, i * a.columns, b.data, j * b.columns, a.columns);
      }
    }
  }
  return product;
}

export function transposed(a: Matrix): Matrix {
  const result = matrix(a.columns, a.rows);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < a.columns; j++) result.data[j * a.rows + i] = a.data[i * a.columns + j]!;
  }
  return result;
}

/**
 * F with transpose(F) F = S for a positive semidefinite S, by Cholesky with diagonal pivoting.
 * F has as many rows as S has rank, so that a singular S is no special case.
 */
export function choleskyFactor(symmetric: Matrix): Matrix {
  const size = symmetric.rows;
  const rest = Float64Array.from({ length: size }, (_, i) => symmetric.data[i * size + i]!);
  const negligible = Math.max(...rest, 0) * size * Number.EPSILON;
  const rows: Float64Array[] = [];
  while (rows.length < size) {
    const pivot = rest.reduce((best, value, i) => (value > rest[best]! ? i : best), 0);
    if (rest[pivot]! <= negligible) break;
    const scale = 1 / Math.sqrt(rest[pivot]!);
    const row = symmetric.data.slice(pivot * size, (pivot + 1) * size);
    for (const earlier of rows) {
      const factor = earlier[pivot]!;
      for (let i = 0; i < size; i++) row[i]! -= factor * earlier[i]!;
    }
    for (let i = 0; i < size; i++) {
      row[i]! *= scale;
      rest[i]! -= row[i]! ** 2;
    }
    rest[pivot] = 0;
    rows.push(row);
  }
  const factor = matrix(rows.length, size);
  for (const [i, row] of rows.entries()) factor.data.set(row, i * size);
  return factor;
}

/** Turns x[start..] into a multiple of its first unit vector; leaves the reflector in x and gives the multiple. */
function householder(x: Float64Array, start: number, length: number): number {
  const norm = Math.sqrt(inner(x, start, x, start, length));
  if (norm === 0) return 0;
  const alpha = x[start]! > 0 ? -norm : norm;
  x[start]! -= alpha;
  const scale = Math.SQRT2 / Math.sqrt(inner(x, start, x, start, length));
  for (let i = start; i < start + length; i++) x[i]! *= scale;
  return alpha;
}

/** The diagonal and superdiagonal of an orthogonally equivalent bidiagonal matrix; rows must not be fewer than columns. Overwrites `a`. */
function bidiagonalize(a: Matrix): { diagonal: Float64Array; superdiagonal: Float64Array } {
  const { data, rows, columns } = a;
  const diagonal = new Float64Array(columns);
  const superdiagonal = new Float64Array(Math.max(columns - 1, 0));
  const column = new Float64Array(rows);
  const sums = new Float64Array(columns);
  for (let k = 0; k < columns; k++) {
    for (let i = k; i < rows; i++) column[i] = data[i * columns + k]!;
    diagonal[k] = householder(column, k, rows - k);
    if (diagonal[k] !== 0) {
      sums.fill(0, k + 1);
      for (let i = k; i < rows; i++) {
        const weight = column[i]!;
        for (let j = k + 1; j < columns; j++) sums[j]! += weight * data[i * columns + j]!;
      }
      for (let i = k; i < rows; i++) {
        const weight = column[i]!;
        for (let j = k + 1; j < columns; j++) data[i * columns + j]! -= weight * sums[j]!;
      }
    }
    if (k + 1 >= columns) continue;
    const rowStart = k * columns + k + 1;
    const length = columns - k - 1;
    superdiagonal[k] = householder(data, rowStart, length);
    if (superdiagonal[k] === 0) continue;
    for (let i = k + 1; i < rows; i++) {
      const start = i * columns + k + 1;
      const sum = inner(data, rowStart, data, start, length);
      for (let j = 0; j < length; j++) data[start + j]! -= sum * data[rowStart + j]!;
    }
  }
  return { diagonal, superdiagonal };
}

/** Eigenvalues of a symmetric tridiagonal matrix by implicit QL (Wilkinson shift), without vectors. Overwrites both. */
function tridiagonalEigenvalues(diagonal: Float64Array, off: Float64Array): Float64Array {
  const size = diagonal.length;
  for (let l = 0; l < size; l++) {
    for (let iteration = 0; ; iteration++) {
      let m = l;
      while (m < size - 1 && Math.abs(off[m]!) > Number.EPSILON * (Math.abs(diagonal[m]!) + Math.abs(diagonal[m + 1]!)) && off[m] !== 0) m++;
      if (m === l) break;
      if (iteration === 60) throw new Error('the eigenvalues of a tridiagonal matrix did not converge');
      let g = (diagonal[l + 1]! - diagonal[l]!) / (2 * off[l]!);
      let r = Math.hypot(g, 1);
      g = diagonal[m]! - diagonal[l]! + off[l]! / (g + (g >= 0 ? r : -r));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * off[i]!;
        const b = c * off[i]!;
        r = Math.hypot(f, g);
        off[i + 1] = r;
        if (r === 0) {
          diagonal[i + 1]! -= p;
          off[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = diagonal[i + 1]! - p;
        r = (diagonal[i]! - g) * s + 2 * c * b;
        p = s * r;
        diagonal[i + 1] = g + p;
        g = c * r - b;
      }
      if (r === 0 && i >= l) continue;
      diagonal[l]! -= p;
      off[l] = g;
      off[m] = 0;
    }
  }
  return diagonal;
}

/**
 * The sum of all singular values. They are eigenvalues of the symmetric tridiagonal matrix with a zero diagonal and
 * the bidiagonal's entries beside it (Golub and Kahan), so nothing is squared and small values keep their digits.
 */
export function nuclearNorm(a: Matrix): number {
  if (a.rows === 0 || a.columns === 0) return 0;
  const tall = a.rows >= a.columns ? { ...a, data: a.data.slice() } : transposed(a);
  const { diagonal, superdiagonal } = bidiagonalize(tall);
  const size = 2 * diagonal.length;
  const off = new Float64Array(size);
  for (let i = 0; i < diagonal.length; i++) {
    off[2 * i] = diagonal[i]!;
    if (i < superdiagonal.length) off[2 * i + 1] = superdiagonal[i]!;
  }
  // The eigenvalues come in pairs of both signs.
  return tridiagonalEigenvalues(new Float64Array(size), off).reduce((sum, value) => sum + Math.abs(value), 0) / 2;
}
