// Mean and covariance of features, computed in blocks: memory is that of the covariance, independent of the number of images.
import { gemm, type Matrix } from '@styleforge/runtime';
import type { Features, Moments } from './features.ts';
import { matrix, rowsOf, transposed } from '../linear-algebra/matrices.ts';

/** Images that are collected for one product. */
const blockRows = 2048;
/** The scatter matrix is symmetric: it is stored in strips of rows, each starting at the diagonal. */
const strips = 8;

/** How often each row was sampled (bootstrap). Default: once. */
type Counts = ArrayLike<number> | undefined;

export class MomentsAccumulator {
  readonly #dimension: number;
  readonly #sums: Float64Array;
  readonly #strips: Matrix[];
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
    for (let first = 0; first < rows.length / dimension; first += blockRows) {
      const last = Math.min(first + blockRows, rows.length / dimension);
      const block = matrix(last - first, dimension);
      for (let row = first; row < last; row++) this.#addRow(rows, row, block.data, row - first, counts?.[row] ?? 1);
      const features = transposed(block);
      for (const [i, [from, to]] of this.#bounds().entries()) {
        const right = rowsOf(features, from, dimension);
        await gemm(rowsOf(features, from, to), right, { transposeB: true, addTo: this.#strips[i] });
      }
    }
  }

  #addRow(rows: Float32Array | Float64Array, row: number, block: Float64Array, blockRow: number, count: number): void {
    const [dimension, shift, weight] = [this.#dimension, this.#shift!, Math.sqrt(count)];
    this.#count += count;
    for (let i = 0; i < dimension; i++) {
      const value = rows[row * dimension + i] - shift[i];
      this.#sums[i] += count * value;
      block[blockRow * dimension + i] = weight * value;
    }
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
