// Random access to one safetensors file: each tensor is read directly into the caller's array.
import { open, type FileHandle } from 'node:fs/promises';
import { decoders, type Decoder } from './element-decoders.ts';
import {
  elementCount,
  readExactly,
  readSafetensorsHeader,
  type SafetensorsHeader,
  type TensorInfo,
  type TensorSpan,
} from '@styleforge/model-files';
import type { TensorReader } from './tensor-reader.ts';

const chunkBytes = 4 * 1024 * 1024;

export class SafetensorsReader implements TensorReader {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #handle: FileHandle;
  readonly #tensors: Map<string, TensorSpan>;

  private constructor(path: string, handle: FileHandle, header: SafetensorsHeader) {
    this.path = path;
    this.metadata = header.metadata;
    this.#handle = handle;
    this.#tensors = header.tensors;
  }

  static async open(path: string): Promise<SafetensorsReader> {
    const handle = await open(path, 'r');
    try {
      return new SafetensorsReader(path, handle, await readSafetensorsHeader(handle, path));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  names(): string[] {
    return [...this.#tensors.keys()];
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  info(name: string): TensorInfo {
    const { dtype, shape } = this.#span(name);
    return { dtype, shape };
  }

  async read(name: string): Promise<Float32Array> {
    const target = new Float32Array(elementCount(this.#span(name).shape));
    await this.readInto(name, target);
    return target;
  }

  async readInto(name: string, target: Float32Array): Promise<void> {
    const span = this.#span(name);
    const count = elementCount(span.shape);
    if (target.length !== count) {
      throw new RangeError(`${this.path}: tensor ${name} has ${count} elements, the target ${target.length}`);
    }
    if (span.dtype === 'F32') {
      const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
      await readExactly(this.#handle, bytes, span.begin, this.path);
      return;
    }
    const decoder = decoders[span.dtype];
    if (!decoder) throw new Error(`${this.path}: tensor ${name} is ${span.dtype}, which cannot be read as float32`);
    await this.#decodeInto(span, decoder, target);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #decodeInto(span: TensorSpan, decoder: Decoder, target: Float32Array): Promise<void> {
    const chunk = new ArrayBuffer(Math.min(chunkBytes, span.end - span.begin + 7) & ~7);
    const perChunk = chunk.byteLength / decoder.bytesPerElement;
    for (let first = 0; first < target.length; first += perChunk) {
      const part = target.subarray(first, first + perChunk);
      const bytes = new Uint8Array(chunk, 0, part.length * decoder.bytesPerElement);
      await readExactly(this.#handle, bytes, span.begin + first * decoder.bytesPerElement, this.path);
      decoder.decode(chunk, part);
    }
  }

  #span(name: string): TensorSpan {
    const span = this.#tensors.get(name);
    if (!span) throw new Error(`${this.path} contains no tensor ${name}`);
    return span;
  }
}
