// A reader that presents tensors under names other than the stored ones.
import type { TensorInfo } from '@styleforge/model-files';
import type { TensorReader } from './tensor-reader.ts';

/** Presents a reader's tensors under current names, without those that have none. Accepts the stored names as well. */
export class RenamedTensorReader implements TensorReader {
  readonly #source: TensorReader;
  readonly #rename: (stored: string) => string | undefined;
  readonly #storedName = new Map<string, string>();

  constructor(source: TensorReader, rename: (stored: string) => string | undefined) {
    this.#source = source;
    this.#rename = rename;
    for (const stored of source.names()) {
      const current = rename(stored);
      if (current === undefined) continue;
      const earlier = this.#storedName.get(current);
      if (earlier !== undefined) throw new Error(`the tensors ${earlier} and ${stored} are both ${current}`);
      this.#storedName.set(current, stored);
    }
  }

  names(): string[] {
    return [...this.#storedName.keys()];
  }

  has(name: string): boolean {
    return this.#storedName.has(this.#rename(name) ?? name);
  }

  info(name: string): TensorInfo {
    return this.#source.info(this.#stored(name));
  }

  readInto(name: string, target: Float32Array): Promise<void> {
    return this.#source.readInto(this.#stored(name), target);
  }

  read(name: string): Promise<Float32Array> {
    return this.#source.read(this.#stored(name));
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  #stored(name: string): string {
    return this.#storedName.get(this.#rename(name) ?? name) ?? name;
  }
}
