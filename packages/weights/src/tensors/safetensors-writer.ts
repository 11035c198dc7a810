// Writes safetensors files tensor by tensor, as F32, F16 or BF16.
import type { FileHandle } from 'node:fs/promises';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { float32ToBfloat16Array, float32ToFloat16Array } from './half.ts';
import { elementCount } from '@styleforge/model-files';

export type WrittenDtype = 'F32' | 'F16' | 'BF16';

export interface TensorEntry {
  name: string;
  shape: readonly number[];
  /** The values, or a function that is called when the tensor is written, so that only one tensor is in memory. */
  data: Float32Array | (() => Float32Array | Promise<Float32Array>);
}

export interface WriteSafetensorsOptions {
  dtype?: WrittenDtype;
  metadata?: Record<string, string>;
}

const chunkElements = 1 << 20;

function byName(a: TensorEntry, b: TensorEntry): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

async function collect(entries: Iterable<TensorEntry> | AsyncIterable<TensorEntry>): Promise<TensorEntry[]> {
  const collected: TensorEntry[] = [];
  for await (const entry of entries) collected.push(entry);
  collected.sort(byName);
  for (const [index, entry] of collected.entries()) {
    if (collected[index + 1]?.name === entry.name) throw new Error(`tensor ${entry.name} is given twice`);
    if (entry.name === '__metadata__') throw new Error('a tensor cannot be named __metadata__');
  }
  return collected;
}

function encodeHeader(entries: TensorEntry[], dtype: WrittenDtype, metadata: Record<string, string>): Buffer {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const width = dtype === 'F32' ? 4 : 2;
  let position = 0;
  for (const { name, shape } of entries) {
    const end = position + elementCount(shape) * width;
    header[name] = { dtype, shape, data_offsets: [position, end] };
    position = end;
  }
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const padded = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  padded.writeBigUInt64LE(BigInt(padded.length - 8));
  json.copy(padded, 8);
  return padded;
}

async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, Math.min(bytes.length - done, 1 << 28));
    done += bytesWritten;
  }
}

async function writeData(handle: FileHandle, values: Float32Array, dtype: WrittenDtype, scratch: Uint16Array): Promise<void> {
  if (dtype === 'F32') {
    await writeFully(handle, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return;
  }
  const convert = dtype === 'F16' ? float32ToFloat16Array : float32ToBfloat16Array;
  for (let first = 0; first < values.length; first += chunkElements) {
    const part = values.subarray(first, first + chunkElements);
    convert(part, scratch.subarray(0, part.length));
    await writeFully(handle, new Uint8Array(scratch.buffer, 0, part.length * 2));
  }
}

/** Writes tensors in the order of their names, independent of the given order. */
export async function writeSafetensors(
  path: string,
  entries: Iterable<TensorEntry> | AsyncIterable<TensorEntry>,
  { dtype = 'F32', metadata = { format: 'pt' } }: WriteSafetensorsOptions = {},
): Promise<void> {
  const ordered = await collect(entries);
  await writeFileAtomically(path, async (handle) => {
    await writeFully(handle, encodeHeader(ordered, dtype, metadata));
    const scratch = new Uint16Array(dtype === 'F32' ? 0 : chunkElements);
    for (const { name, shape, data } of ordered) {
      const values = typeof data === 'function' ? await data() : data;
      if (values.length !== elementCount(shape)) {
        throw new RangeError(`tensor ${name} of shape [${shape}] was given ${values.length} elements`);
      }
      await writeData(handle, values, dtype, scratch);
    }
  });
}
