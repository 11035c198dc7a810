// The weights of a component with adapters applied: each tensor is changed when it is read.
import { type TensorInfo } from '@styleforge/model-files';
import { type TensorReader } from '../tensors/tensor-reader.ts';

/** A change that an adapter makes to one weight. */
export interface WeightChange {
  /** The new shape, if it differs. */
  readonly shape?: readonly number[];
  apply(weight: Float32Array): Float32Array;
}

/** Changes of one component's weights by name, applied in order. */
export type WeightChanges = ReadonlyMap<string, readonly WeightChange[]>;

export class AdaptedReader implements TensorReader {
  readonly #source: TensorReader;
  readonly #changes: WeightChanges;

  constructor(source: TensorReader, changes: WeightChanges) {
    this.#source = source;
    this.#changes = changes;
  }

  names(): string[] {
    return this.#source.names();
  }

  has(name: string): boolean {
    return this.#source.has(name);
  }

  info(name: string): TensorInfo {
    const info = this.#source.info(name);
    const shape = this.#changes.get(name)?.findLast((change) => change.shape)?.shape;
    return shape ? { ...info, shape: [...shape] } : info;
  }

  async readInto(name: string, target: Float32Array): Promise<void> {
    if (!this.#changes.has(name)) return this.#source.readInto(name, target);
    target.set(await this.read(name));
  }

  async read(name: string): Promise<Float32Array> {
    const weight = await this.#source.read(name);
    return (this.#changes.get(name) ?? []).reduce((values, change) => change.apply(values), weight);
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}
