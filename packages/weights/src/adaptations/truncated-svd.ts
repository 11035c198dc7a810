// The best approximation of a matrix by a product of two thin ones: randomized subspace iteration, then an exact SVD of the small
// remainder (Halko, Martinsson, Tropp, "Finding structure with randomness", arXiv 0909.4061, algorithms 4.4 and 5.1).

export interface ThinProduct {
  /** [rows, rank] */
  readonly left: Float32Array;
  /** [rank, columns]; matrix ~ left @ right */
  readonly right: Float32Array;
  /** Squared Frobenius norm of the product: the sum of the squares of its singular values. */
  readonly squaredLength: number;
}

/** Number of additional directions, without which the iteration finds the last ones inaccurately. */
const OVERSAMPLING = 8;
const ITERATIONS = 6;

/** Vectors, stored as rows of one array. */
interface Vectors {
  readonly count: number;
  readonly size: number;
  readonly data: Float64Array;
}

const vectors = (count: number, size: number): Vectors => ({ count, size, data: new Float64Array(count * size) });

/** Fills an array with pseudo-random numbers from a fixed seed, so that the same matrix always gives the same result. */
function fillAtRandom({ data }: Vectors): void {
  let state = 0x9e3779b9;
  for (let i = 0; i < data.length; i++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5;
    data[i] = (state >>> 0) / 2 ** 31 - 1;
  }
}

/** Makes the rows orthonormal by two passes of Gram-Schmidt. A row that depends on earlier ones becomes zero. */
function orthonormalize({ count, size, data }: Vectors): void {
  const row = (i: number): Float64Array => data.subarray(i * size, (i + 1) * size);
  const dot = (a: Float64Array, b: Float64Array): number => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += a[i] * b[i];
    return sum;
  };
  for (let i = 0; i < count; i++) {
    const current = row(i);
    const before = Math.sqrt(dot(current, current));
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = row(j);
        const share = dot(current, other);
        for (let k = 0; k < size; k++) current[k] -= share * other[k];
      }
    }
    const length = Math.sqrt(dot(current, current));
    if (length <= 1e-12 * before) current.fill(0);
    else for (let k = 0; k < size; k++) current[k] /= length;
  }
}

/** matrix @ v for each vector of `columns` elements. */
function times(matrix: Float32Array, rows: number, columns: number, v: Vectors): Vectors {
  const result = vectors(v.count, rows);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    for (let i = 0; i < v.count; i++) {
      let sum = 0;
      for (let k = 0, at = i * columns; k < columns; k++, at++) sum += matrix[start + k] * v.data[at];
      result.data[i * rows + row] = sum;
    }
  }
  return result;
}

/** matrix' @ u for each vector of `rows` elements. */
function timesTransposed(matrix: Float32Array, rows: number, columns: number, u: Vectors): Vectors {
  const result = vectors(u.count, columns);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    for (let i = 0; i < u.count; i++) {
      const factor = u.data[i * rows + row];
      if (factor === 0) continue;
      for (let k = 0, at = i * columns; k < columns; k++, at++) result.data[at] += factor * matrix[start + k];
    }
  }
  return result;
}

/** Eigenvalues and eigenvectors, as rows, of the symmetric `matrix` [n, n], by Jacobi rotations. */
function eigen(matrix: Float64Array, n: number): { values: Float64Array; rows: Float64Array } {
  const a = matrix.slice();
  const rows = new Float64Array(n * n);
  for (let i = 0; i < n; i++) rows[i * n + i] = 1;
  for (let sweep = 0; sweep < 60; sweep++) {
    let outside = 0;
    let inside = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) i === j ? (inside += a[i * n + j] ** 2) : (outside += a[i * n + j] ** 2);
    if (outside <= 1e-28 * inside) break;
    for (let p = 0; p < n - 1; p++) for (let q = p + 1; q < n; q++) rotate(a, rows, n, p, q);
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i]), rows };
}

function rotate(a: Float64Array, rows: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q];
  if (apq === 0) return;
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k++) [a[k * n + p], a[k * n + q]] = [c * a[k * n + p] - s * a[k * n + q], s * a[k * n + p] + c * a[k * n + q]];
  for (let k = 0; k < n; k++) {
    [a[p * n + k], a[q * n + k]] = [c * a[p * n + k] - s * a[q * n + k], s * a[p * n + k] + c * a[q * n + k]];
    [rows[p * n + k], rows[q * n + k]] = [c * rows[p * n + k] - s * rows[q * n + k], s * rows[p * n + k] + c * rows[q * n + k]];
  }
}

/** left and right with matrix [rows, columns] ~ left @ right. Each contains the square roots of the singular values. */
export function truncatedSvd(matrix: Float32Array, rows: number, columns: number, rank: number): ThinProduct {
  const wide = Math.min(rank + OVERSAMPLING, rows, columns);
  let right = vectors(wide, columns);
  fillAtRandom(right);
  let left = times(matrix, rows, columns, right);
  for (let i = 0; i < ITERATIONS; i++) {
    orthonormalize(left);
    right = timesTransposed(matrix, rows, columns, left);
    orthonormalize(right);
    left = times(matrix, rows, columns, right);
  }
  orthonormalize(left);
  right = timesTransposed(matrix, rows, columns, left); // matrix ~ left' right, with small rows: their Gram matrix tells the rest
  const gram = new Float64Array(wide * wide);
  for (let i = 0; i < wide; i++)
    for (let j = 0; j < wide; j++)
      for (let k = 0; k < columns; k++) gram[i * wide + j] += right.data[i * columns + k] * right.data[j * columns + k];
  const { values, rows: directions } = eigen(gram, wide);
  const order = [...values.keys()].sort((a, b) => values[b] - values[a]).slice(0, rank);
  return assemble(order, values, directions, { left, right, rows, columns, wide });
}

interface Factors {
  readonly left: Vectors;
  readonly right: Vectors;
  readonly rows: number;
  readonly columns: number;
  readonly wide: number;
}

function assemble(
  order: readonly number[],
  values: Float64Array,
  directions: Float64Array,
  { left, right, rows, columns, wide }: Factors,
): ThinProduct {
  const rank = order.length;
  const [up, down] = [new Float32Array(rows * rank), new Float32Array(rank * columns)];
  let squaredLength = 0;
  order.forEach((index, r) => {
    const singular = Math.sqrt(Math.max(0, values[index]));
    if (singular === 0) return;
    squaredLength += singular * singular;
    const root = Math.sqrt(singular);
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let i = 0; i < wide; i++) sum += directions[index * wide + i] * left.data[i * rows + row];
      up[row * rank + r] = sum * root;
    }
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let i = 0; i < wide; i++) sum += directions[index * wide + i] * right.data[i * columns + column];
      down[r * columns + column] = (sum / singular) * root;
    }
  });
  return { left: up, right: down, squaredLength };
}
