// What every source of weights offers, whether it is one file, several shards or a file with older names.
import type { TensorInfo } from '@styleforge/model-files';

export interface TensorReader {
  names(): string[];
  has(name: string): boolean;
  info(name: string): TensorInfo;
  /** Reads one tensor as float32 into `target`, which has exactly its number of elements. */
  readInto(name: string, target: Float32Array): Promise<void>;
  read(name: string): Promise<Float32Array>;
  close(): Promise<void>;
}

/** The weights are not those that their config asks for; the message names file and tensor. */
export class WeightsMismatchError extends Error {
  override name = 'WeightsMismatchError';
  /** The failure's code, wherever a job meets it. */
  readonly code = 'unsupported_base_model';
}

/** Throws WeightsMismatchError unless `reader`, opened on the weights at `path`, holds the tensor in this shape. */
export function requireTensor(reader: TensorReader, path: string, name: string, shape: readonly number[]): void {
  if (!reader.has(name)) throw new WeightsMismatchError(`${path} contains no '${name}', which its config.json asks for`);
  const stored = reader.info(name).shape;
  if (stored.length !== shape.length || stored.some((size, axis) => size !== shape[axis])) {
    throw new WeightsMismatchError(`${path}: '${name}' is [${stored}], its config.json asks for [${shape}]`);
  }
}
