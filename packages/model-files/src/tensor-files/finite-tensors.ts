// Searches a file of tensors for values that are not finite: one NaN makes every image black.
import { open } from 'node:fs/promises';
import { ModelFileError } from '../files/model-file-error.ts';
import { readExactly, readSafetensorsHeader } from './safetensors-file.ts';
import { readTensorTable } from './tensor-table.ts';
import { openTorchArchive } from './torch-archive.ts';

const CHUNK_BYTES = 8 * 1024 * 1024;

/** Whether little-endian elements of this width in bytes contain one whose exponent is all ones: NaN or infinite. */
type Test = (bytes: DataView) => boolean;

const anyOf =
  (width: number, isNone: (bytes: DataView, at: number) => boolean): Test =>
  (bytes) => {
    for (let at = 0; at + width <= bytes.byteLength; at += width) if (isNone(bytes, at)) return true;
    return false;
  };

const TESTS: Readonly<Record<string, Test>> = {
  F64: anyOf(8, (bytes, at) => !Number.isFinite(bytes.getFloat64(at, true))),
  F32: anyOf(4, (bytes, at) => (bytes.getUint32(at, true) & 0x7f800000) === 0x7f800000),
  F16: anyOf(2, (bytes, at) => (bytes.getUint16(at, true) & 0x7c00) === 0x7c00),
  BF16: anyOf(2, (bytes, at) => (bytes.getUint16(at, true) & 0x7f80) === 0x7f80),
  F8_E5M2: anyOf(1, (bytes, at) => (bytes.getUint8(at) & 0x7c) === 0x7c),
  F8_E4M3: anyOf(1, (bytes, at) => (bytes.getUint8(at) & 0x7f) === 0x7f),
};

const holdsNone = (dtype: string, bytes: Uint8Array): boolean =>
  TESTS[dtype]?.(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)) ?? false;

const refuse = (path: string, name: string): never => {
  throw new ModelFileError(path, `has numbers in '${name}' that are not finite (NaN or infinite): it is damaged, save or train it again`);
};

async function searchSafetensors(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (const [name, { dtype, begin, end }] of (await readSafetensorsHeader(handle, path)).tensors) {
      for (let at = begin; at < end; at += CHUNK_BYTES) {
        const bytes = chunk.subarray(0, Math.min(CHUNK_BYTES, end - at));
        await readExactly(handle, bytes, at, path);
        if (holdsNone(dtype, bytes)) refuse(path, name);
      }
    }
  } finally {
    await handle.close();
  }
}

async function searchTorch(path: string): Promise<void> {
  const archive = await openTorchArchive(path);
  try {
    for (const [name, { storage }] of archive.tensors) {
      if (holdsNone(storage.dtype, await archive.storages(storage))) refuse(path, name);
    }
  } finally {
    archive.close();
  }
}

/** Throws a ModelFileError that names the first tensor with a value that is not finite. */
export async function requireFiniteTensors(path: string): Promise<void> {
  const { layout } = await readTensorTable(path);
  await (layout === 'torch' ? searchTorch(path) : searchSafetensors(path));
}
