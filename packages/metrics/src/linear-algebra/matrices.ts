// Parts of row-major matrices.
import type { Matrix } from '@styleforge/runtime';

export function matrix(rows: number, columns: number): Matrix {
  return { data: new Float64Array(rows * columns), rows, columns };
}

/** Side of the squares in which entries are moved; a square fits into the first-level cache. */
const TILE = 32;

export function transposed({ data, rows, columns }: Matrix): Matrix {
  const result = matrix(columns, rows);
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(top + TILE, rows);
    for (let left = 0; left < columns; left += TILE) {
      const right = Math.min(left + TILE, columns);
      for (let i = top; i < bottom; i++) for (let j = left; j < right; j++) result.data[j * rows + i] = data[i * columns + j];
    }
  }
  return result;
}

/** A copy of columns `from` to `to`, excluding `to`. */
export function columnsOf({ data, rows, columns }: Matrix, from: number, to: number): Matrix {
  const part = matrix(rows, to - from);
  for (let row = 0; row < rows; row++) part.data.set(data.subarray(row * columns + from, row * columns + to), row * (to - from));
  return part;
}

/** A view of rows `from` to `to`, excluding `to`. */
export function rowsOf({ data, columns }: Matrix, from: number, to: number): Matrix {
  return { data: data.subarray(from * columns, to * columns), rows: to - from, columns };
}

/**
 * Removes rows and columns of a square matrix, in the same memory. Returns the rest and the new order of the other indices. Indices from
 * `removed.length` on stay in place, so that nearly everything is copied by rows; the first ones that are kept fill the gaps among them.
 */
export function without({ data, columns }: Matrix, removed: readonly number[]): { rest: Matrix; kept: Int32Array } {
  const count = removed.length;
  const gone = new Set(removed);
  const inFront = Array.from({ length: count }, (_, i) => i).filter((i) => !gone.has(i));
  const holes = removed.filter((i) => i >= count).map((i) => i - count);
  const kept = Int32Array.from({ length: columns - count }, (_, i) => i + count);
  holes.forEach((hole, i) => (kept[hole] = inFront[i]));
  const size = kept.length;
  // The first rows are overwritten before those that fill a gap are read.
  const front = data.slice(0, count * columns);
  for (const [i, from] of kept.entries()) {
    const [source, row, start] = [from < count ? front : data, from * columns, i * size];
    const filling = holes.map((hole) => source[row + kept[hole]]);
    data.set(source.subarray(row + count, row + columns), start);
    for (const [at, hole] of holes.entries()) data[start + hole] = filling[at];
  }
  return { rest: { data: data.subarray(0, size * size), rows: size, columns: size }, kept };
}
