// Folder of reference results of a parity run: its files, opened once, and its checkpoint.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openTensors, readDiffusersFolder, type DiffusersFolder, type TensorReader } from '@styleforge/weights';

export class ReferenceFolder {
  readonly directory: string;
  readonly #readers = new Map<string, Promise<TensorReader>>();

  constructor(directory: string) {
    this.directory = directory;
  }

  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  tensors(name: string): Promise<TensorReader> {
    const opened = this.#readers.get(name) ?? openTensors(this.path(name));
    this.#readers.set(name, opened);
    return opened;
  }

  async json<T>(name: string): Promise<T> {
    return JSON.parse(await readFile(this.path(name), 'utf8')) as T;
  }

  checkpoint(name = 'tiny-sd'): Promise<DiffusersFolder> {
    return readDiffusersFolder(this.path(name));
  }

  async close(): Promise<void> {
    for (const opening of this.#readers.values()) {
      const reader = await opening.catch(() => undefined);
      await reader?.close();
    }
  }
}

export async function readIds(reader: TensorReader, name: string): Promise<Int32Array> {
  return Int32Array.from(await reader.read(name));
}
