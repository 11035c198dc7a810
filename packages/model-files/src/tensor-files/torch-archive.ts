// Opens a file that torch.save wrote: the zip layout since torch 1.6, or the plain one before it. It loads no class and runs no code.
import { type FileHandle, open } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import yauzl from 'yauzl';
import { readPickle } from './pickle.ts';
import { readExactly } from './safetensors-file.ts';
import { bytesPerElement } from './safetensors-header.ts';
import { tensorsOf, torchRules, type TorchStorage, type TorchTensor } from './torch-state.ts';

/** Returns the bytes of a storage. */
type Storages = (storage: TorchStorage) => Promise<Uint8Array>;

export interface TorchArchive {
  readonly tensors: Map<string, TorchTensor>;
  readonly storages: Storages;
  close(): void;
}

async function isZip(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { buffer: start, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && start.equals(Buffer.from('PK\x03\x04'));
  } finally {
    await handle.close();
  }
}

/** Size of a storage according to its tensors. */
const storageBytes = ({ count, dtype }: TorchStorage): number => count * bytesPerElement[dtype]!;

const openZip = promisify<string, yauzl.Options, yauzl.ZipFile>(yauzl.open);

function entriesOf(zip: yauzl.ZipFile): Promise<Map<string, yauzl.Entry>> {
  return new Promise((done, fail) => {
    const entries = new Map<string, yauzl.Entry>();
    zip.on('entry', (entry: yauzl.Entry) => {
      // the first part is the name of the archive
      entries.set(entry.fileName.slice(entry.fileName.indexOf('/') + 1), entry);
      zip.readEntry();
    });
    zip.once('end', () => done(entries));
    zip.once('error', fail);
    zip.readEntry();
  });
}

/** Maximum size of the description of the tensors, which has some hundred bytes for each. */
const MOST_DESCRIPTION_BYTES = 64 * 1024 * 1024;

async function openZipLayout(path: string): Promise<TorchArchive> {
  const zip = await openZip(path, { lazyEntries: true, autoClose: false });
  const read = async (entries: Map<string, yauzl.Entry>, name: string, most = MOST_DESCRIPTION_BYTES): Promise<Buffer> => {
    const entry = entries.get(name);
    if (!entry) throw new Error(`the archive has no ${name}`);
    if (entry.uncompressedSize > most)
      throw new Error(`the archive's ${name} has ${entry.uncompressedSize} bytes; at most ${most} are read`);
    return buffer(await promisify<yauzl.Entry, NodeJS.ReadableStream>(zip.openReadStream.bind(zip))(entry));
  };
  try {
    const entries = await entriesOf(zip);
    if (entries.has('byteorder') && (await read(entries, 'byteorder')).toString() !== 'little')
      throw new Error('the archive is big-endian, which is not supported');
    const tensors = tensorsOf(readPickle(await read(entries, 'data.pkl'), 0, torchRules).value);
    return { tensors, storages: (storage) => read(entries, `data/${storage.key}`, storageBytes(storage)), close: () => zip.close() };
  } catch (error) {
    zip.close();
    throw error;
  }
}

const legacyMagic = 0x1950a86a20f9469cfc6cn;

/** Reads the pickles at the beginning of a file that torch.save wrote without a zip archive, up to the maximum size. */
async function readDescription(handle: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.min(size, MOST_DESCRIPTION_BYTES));
  await readExactly(handle, bytes, 0, 'the file');
  return bytes;
}

interface PlainPickles {
  readonly tensors: Map<string, TorchTensor>;
  readonly keys: readonly unknown[];
  /** Position of the first storage. */
  readonly end: number;
}

/** Reads the pickles of a magic number, the version, the system, the tensors and the storages' keys. */
function readPlainPickles(bytes: Buffer): PlainPickles {
  let end = 0;
  const next = () => {
    const read = readPickle(bytes, end, torchRules);
    end = read.end;
    return read.value;
  };
  if (next() !== legacyMagic) throw new Error('this was not written by torch.save');
  next();
  next();
  const tensors = tensorsOf(next());
  const keys = next();
  return { tensors, keys: Array.isArray(keys) ? (keys as unknown[]) : [], end };
}

/** Finds the beginning of each storage: its count precedes its elements. */
async function findStorages({ tensors, keys, end }: PlainPickles, handle: FileHandle, size: number): Promise<Map<string, number>> {
  const byKey = new Map([...tensors.values()].map(({ storage }) => [storage.key, storage]));
  const starts = new Map<string, number>();
  const count = Buffer.alloc(8);
  let position = end;
  for (const key of keys) {
    const storage = byKey.get(String(key));
    // the count of a storage that no tensor uses is known, but the width of its elements is not
    if (!storage) throw new Error(`the storage ${String(key)} belongs to no tensor`);
    const start = position + count.length;
    position = start + storageBytes(storage);
    if (position > size) throw new Error(`the storage ${String(key)} is cut off`);
    await readExactly(handle, count, start - count.length, 'the file');
    if (count.readBigInt64LE() !== BigInt(storage.count)) throw new Error(`the storage ${String(key)} is cut off`);
    starts.set(storage.key, start);
  }
  return starts;
}

/** Opens the plain layout: pickles, then each storage. Only the pickles are kept in memory. */
async function openPlainLayout(path: string): Promise<TorchArchive> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const pickles = readPlainPickles(await readDescription(handle, size));
    const starts = await findStorages(pickles, handle, size);
    return {
      tensors: pickles.tensors,
      close: () => void handle.close(),
      storages: async (storage) => {
        const start = starts.get(storage.key);
        if (start === undefined) throw new Error(`the file has no storage ${storage.key}`);
        const bytes = Buffer.alloc(storageBytes(storage));
        await readExactly(handle, bytes, start, 'the file');
        return bytes;
      },
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export async function openTorchArchive(path: string): Promise<TorchArchive> {
  try {
    return (await isZip(path)) ? await openZipLayout(path) : await openPlainLayout(path);
  } catch (error) {
    if (error instanceof Error) error.message = `${path}: ${error.message}`;
    throw error;
  }
}
