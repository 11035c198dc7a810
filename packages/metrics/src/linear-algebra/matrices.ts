// Parts of row-major matrices.
import type { Matrix } from '@styleforge/runtime';

export function matrix(rows: number, columns: number): Matrix {
  return { data: new Float64Array(rows * columns), rows, columns };
}

export function transposed(a: Matrix): Matrix {
  const result = matrix(a.columns, a.rows);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < a.columns; j++) result.data[j * a.rows + i] = a.data[i * a.columns + j];
  }
  return result;
}

/** A copy of columns `from` to `to`, the last left out. */
export function columnsOf({ data, rows, columns }: Matrix, from: number, to: number): Matrix {
  const part = matrix(rows, to - from);
  for (let row = 0; row < rows; row++) part.data.set(data.subarray(row * columns + from, row * columns + to), row * (to - from));
  return part;
}

/** A view of rows `from` to `to`, the last left out. */
export function rowsOf({ data, columns }: Matrix, from: number, to: number): Matrix {
  return { data: data.subarray(from * columns, to * columns), rows: to - from, columns };
}

/** A copy of the rows and columns `kept` of a square matrix. */
export function submatrix({ data, columns }: Matrix, kept: readonly number[]): Matrix {
  const result = matrix(kept.length, kept.length);
  kept.forEach((row, i) => kept.forEach((column, j) => (result.data[i * kept.length + j] = data[row * columns + column])));
  return result;
}
