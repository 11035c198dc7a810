// A LoRA in memory: the two matrices of the change of each layer, independent of the file format.

/** One layer's change: W becomes W + scale * up @ down. For a convolution, `down` has the layer's kernel, and `up` is 1x1. */
export interface LoraLayer {
  readonly component: string;
  /** The layer's name in its component, without `.weight`. */
  readonly module: string;
  readonly rank: number;
  /** alpha / rank */
  readonly scale: number;
  readonly down: Float32Array;
  /** [rank, in, ...kernel] */
  readonly downShape: readonly number[];
  readonly up: Float32Array;
  /** [out, rank, ...] */
  readonly upShape: readonly number[];
}

/** Thrown for a file that does not fit the model or is damaged. The message names file and tensor. */
export class AdapterFileError extends Error {
  override name = 'AdapterFileError';
}

/** Adds strength * scale * up @ down to a layer's weight [out, in, ...kernel], in place. */
export function addLora(weight: Float32Array, { down, up, downShape, rank, scale }: LoraLayer, strength: number): void {
  const columns = down.length / rank;
  const rows = up.length / rank;
  if (rows * columns !== weight.length) throw new RangeError(`a LoRA of [${rows}, ${downShape.slice(1).join()}] does not fit its weight`);
  const sums = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = up[row * rank + r];
      if (factor === 0) continue;
      for (let column = 0; column < columns; column++) sums[column] += factor * down[r * columns + column];
    }
    const start = row * columns;
    for (let column = 0; column < columns; column++) weight[start + column] += strength * scale * sums[column];
  }
}
