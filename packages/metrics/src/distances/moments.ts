// Mean and covariance of features, computed in blocks: memory is that of the covariance, independent of the number of images.
import { gemm, type Matrix } from '@styleforge/runtime';
import type { Features, Moments } from './features.ts';
import { matrix, rowsOf } from '../linear-algebra/matrices.ts';

/** Images that are collected for one product. */
const blockRows = 2048;
/** The scatter matrix is symmetric: it is stored in strips of rows, each starting at the diagonal. */
const strips = 8;

/** Side of the squares in which rows are transposed; one more column keeps the rows of a square apart in the cache. */
const TILE = 32;

/** How often each row was sampled (bootstrap). Default: once. */
type Counts = ArrayLike<number> | undefined;

export class MomentsAccumulator {
  readonly #dimension: number;
  readonly #sums: Float64Array;
  readonly #strips: Matrix[];
  /** Memory of the rows that one product adds. */
  #block = new Float64Array(0);
  #shift: Float64Array | undefined;
  #count = 0;

  constructor(dimension: number) {
    this.#dimension = dimension;
    this.#sums = new Float64Array(dimension);
    this.#strips = this.#bounds().map(([from, to]) => matrix(to - from, dimension - from));
  }

  #bounds(): [from: number, to: number][] {
    const edge = (i: number): number => Math.round((i * this.#dimension) / strips);
    return Array.from({ length: strips }, (_, i): [number, number] => [edge(i), edge(i + 1)]);
  }

  async add(rows: Float32Array | Float64Array, counts?: Counts): Promise<void> {
    const dimension = this.#dimension;
    this.#shift ??= Float64Array.from(rows.subarray(0, dimension));
    const count = rows.length / dimension;
    if (this.#block.length === 0) this.#block = new Float64Array(Math.min(blockRows, count) * dimension);
    const most = this.#block.length / dimension;
    for (let first = 0; first < count; first += most) {
      const features = this.#columnsOf(rows, first, Math.min(first + most, count), counts);
      for (const [i, [from, to]] of this.#bounds().entries()) {
        const right = rowsOf(features, from, dimension);
        await gemm(rowsOf(features, from, to), right, { transposeB: true, addTo: this.#strips[i] });
      }
    }
  }

  /** Rows `first` to `last`, less the shift, times the root of each row's count, transposed. */
  #columnsOf(rows: Float32Array | Float64Array, first: number, last: number, counts: Counts): Matrix {
    const [dimension, shift, sums, block] = [this.#dimension, this.#shift!, this.#sums, this.#block];
    const size = last - first;
    const tile = new Float64Array(TILE * (TILE + 1));
    for (let top = first; top < last; top += TILE) {
      const height = Math.min(TILE, last - top);
      for (let left = 0; left < dimension; left += TILE) {
        const width = Math.min(TILE, dimension - left);
        for (let row = 0; row < height; row++) {
          const count = counts?.[top + row] ?? 1;
          const weight = Math.sqrt(count);
          const start = (top + row) * dimension + left;
          for (let i = 0; i < width; i++) {
            const value = rows[start + i] - shift[left + i];
            sums[left + i] += count * value;
            tile[row * (TILE + 1) + i] = weight * value;
          }
        }
        for (let i = 0; i < width; i++) {
          const start = (left + i) * size + top - first;
          for (let row = 0; row < height; row++) block[start + row] = tile[row * (TILE + 1) + i];
        }
      }
    }
    for (let row = first; row < last; row++) this.#count += counts?.[row] ?? 1;
    return { data: block.subarray(0, dimension * size), rows: dimension, columns: size };
  }

  finish(): Moments {
    const [dimension, count] = [this.#dimension, this.#count];
    if (count < 2) throw new RangeError(`a covariance needs at least 2 images, not ${count}`);
    const offset = this.#sums.map((sum) => sum / count);
    const covariance = matrix(dimension, dimension);
    for (const [strip, [from, to]] of this.#bounds().entries()) {
      const { data, columns } = this.#strips[strip];
      for (let i = from; i < to; i++) {
        for (let j = i; j < dimension; j++) {
          const value = (data[(i - from) * columns + j - from] - count * offset[i] * offset[j]) / (count - 1);
          covariance.data[i * dimension + j] = value;
          covariance.data[j * dimension + i] = value;
        }
      }
    }
    return { count, mean: offset.map((value, i) => value + this.#shift![i]), covariance };
  }
}

export async function momentsOf({ data, dimension }: Features, counts?: Counts): Promise<Moments> {
  const accumulator = new MomentsAccumulator(dimension);
  await accumulator.add(data, counts);
  return accumulator.finish();
}
