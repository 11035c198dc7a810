// The beginning of a safetensors file: its header, read and checked, and the recognition of foreign files.
import { type FileHandle } from 'node:fs/promises';
import { foreignFile } from '../files/foreign-file.ts';
import { ModelFileError } from '../files/model-file-error.ts';
import { maxHeaderBytes, parseSafetensorsHeader, type SafetensorsHeader } from './safetensors-header.ts';

/** Fills `bytes` with the file's content from `position` on. */
export async function readExactly(handle: FileHandle, bytes: Uint8Array, position: number, file: string): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const length = Math.min(bytes.length - done, 1 << 28);
    const { bytesRead } = await handle.read(bytes, done, length, position + done);
    if (bytesRead === 0) throw new Error(`${file}: ended at byte ${position + done}; the file is cut off, download it again`);
    done += bytesRead;
  }
}

/** Describes a file whose first bytes cannot be the length of a header. */
async function notSafetensors(handle: FileHandle, file: string, size: number, why: string): Promise<ModelFileError> {
  const start = Buffer.alloc(Math.min(size, 512));
  await readExactly(handle, start, 0, file);
  const stranger = foreignFile(start);
  return new ModelFileError(
    file,
    stranger ? `is ${stranger.is}: ${stranger.remedy}` : `is not a safetensors file, or is cut off: ${why}; download it again`,
  );
}

export async function readSafetensorsHeader(handle: FileHandle, file: string): Promise<SafetensorsHeader> {
  const { size } = await handle.stat();
  if (size < 8) throw await notSafetensors(handle, file, size, `${size} bytes are too few`);
  const prefix = Buffer.alloc(8);
  await readExactly(handle, prefix, 0, file);
  const length = prefix.readBigUInt64LE();
  if (length > BigInt(Math.min(maxHeaderBytes, size - 8)))
    throw await notSafetensors(handle, file, size, `a header of ${length} bytes does not fit`);
  const json = Buffer.alloc(Number(length));
  await readExactly(handle, json, 8, file);
  try {
    return parseSafetensorsHeader(json.toString('utf8'), 8 + json.length, size, file);
  } catch (cause) {
    throw new ModelFileError(file, `cannot be read: ${(cause as Error).message.replace(`${file}: `, '')}`, { cause });
  }
}
