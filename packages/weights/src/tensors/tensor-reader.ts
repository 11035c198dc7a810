// The interface of every source of weights: one file, several shards, or a file with older names.
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

/** Thrown if weights do not match their config. The message names file and tensor. */
export class WeightsMismatchError extends Error {
  override name = 'WeightsMismatchError';
  /** The code with which a job fails. */
  readonly code = 'unsupported_base_model';
}

/** Throws WeightsMismatchError unless `reader`, which reads the file at `path`, has the tensor in this shape. */
export function requireTensor(reader: TensorReader, path: string, name: string, shape: readonly number[]): void {
  if (!reader.has(name)) throw new WeightsMismatchError(`${path} contains no '${name}', which its config.json asks for`);
  const stored = reader.info(name).shape;
  if (stored.length !== shape.length || stored.some((size, axis) => size !== shape[axis])) {
    throw new WeightsMismatchError(
      `${path}: '${name}' is [${stored}], its config.json asks for [${shape}]: take weights and config.json of the same model`,
    );
  }
}
