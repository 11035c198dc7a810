// A short text that depends on the files of a folder and their contents. Caches and resumed jobs use it to notice that a model has changed.
import { createHash, type Hash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { filesBelow } from './files-below.ts';

const SMALL_BYTES = 1 << 20;
const SAMPLES = 64;
const SAMPLE_BYTES = 4096;

/** Adds small files completely; of large files, the beginning and samples from all over, which differ between models. */
async function addContent(hash: Hash, path: string, size: number): Promise<void> {
  const handle = await open(path, 'r');
  try {
    if (size <= SMALL_BYTES) return void hash.update(await handle.readFile());
    const block = Buffer.alloc(SAMPLE_BYTES);
    for (let i = 0; i < SAMPLES; i++) {
      const { bytesRead } = await handle.read(block, 0, SAMPLE_BYTES, Math.floor((i * (size - SAMPLE_BYTES)) / (SAMPLES - 1)));
      hash.update(block.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/** Fingerprint of the files that `counts` selects; default: all. */
export async function fingerprintOf(directory: string, counts: (path: string) => boolean = () => true): Promise<string> {
  const hash = createHash('sha256');
  for (const file of (await filesBelow(directory)).filter(counts)) {
    const { size } = await stat(join(directory, file));
    hash.update(`${file}\0${size}\0`);
    await addContent(hash, join(directory, file), size);
  }
  return hash.digest('hex').slice(0, 32);
}
