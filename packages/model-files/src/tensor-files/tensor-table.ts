// Lists the tensors of a file of weights, which may be safetensors or written by torch.save.
import { open } from 'node:fs/promises';
import { ModelFileError } from '../files/model-file-error.ts';
import { readSafetensorsHeader } from './safetensors-file.ts';
import { type TensorInfo } from './safetensors-header.ts';
import { openTorchArchive } from './torch-archive.ts';

export interface TensorTable {
  readonly layout: 'safetensors' | 'torch';
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
}

const ZIP = Buffer.from('PK\x03\x04');
const PICKLE = 0x80;
/** Versions of the pickle format that torch.save has used. */
const PROTOCOLS: readonly number[] = [2, 3, 4, 5];

async function isTorchFile(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    const start = buffer.subarray(0, bytesRead);
    if (start.subarray(0, ZIP.length).equals(ZIP)) return true;
    if (start[0] !== PICKLE || !PROTOCOLS.includes(start[1] ?? 0)) return false;
    // The length of a safetensors header may begin with the same two bytes; six bytes of a pickle would make it larger than any file.
    return bytesRead < 8 || start.readBigUInt64LE() > BigInt((await handle.stat()).size);
  } finally {
    await handle.close();
  }
}

async function torchTable(path: string): Promise<TensorTable> {
  try {
    const archive = await openTorchArchive(path);
    archive.close();
    const tensors = [...archive.tensors].map(([name, { shape, storage }]) => [name, { shape, dtype: storage.dtype }] as const);
    return { layout: 'torch', tensors: new Map(tensors), metadata: {} };
  } catch (cause) {
    const why = (cause as Error).message.replace(`${path}: `, '');
    throw new ModelFileError(path, `cannot be read as a file of torch.save: ${why}; convert it to safetensors, or download it again`, {
      cause,
    });
  }
}

/** Reads the list of tensors. Throws ModelFileError for a file without tensors; nothing in the file is executed. */
export async function readTensorTable(path: string): Promise<TensorTable> {
  if (await isTorchFile(path)) return torchTable(path);
  const handle = await open(path, 'r');
  try {
    return { layout: 'safetensors', ...(await readSafetensorsHeader(handle, path)) };
  } finally {
    await handle.close();
  }
}
