// Opens a file that torch.save wrote: the zip layout since torch 1.6, and the plain one before it. No class is loaded, no code can run.
import { open, readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import yauzl from 'yauzl';
import { readPickle } from './pickle.ts';
import { bytesPerElement } from './safetensors-header.ts';
import { tensorsOf, torchRules, type TorchStorage, type TorchTensor } from './torch-state.ts';

/** Gives the bytes of a storage. */
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

/** A dictionary of tensors is described in some hundred bytes for each. */
const MOST_DESCRIPTION_BYTES = 64 * 1024 * 1024;

async function openZipLayout(path: string): Promise<TorchArchive> {
  const zip = await openZip(path, { lazyEntries: true, autoClose: false });
  const read = async (entries: Map<string, yauzl.Entry>, name: string): Promise<Buffer> => {
    const entry = entries.get(name);
    if (!entry) throw new Error(`the archive has no ${name}`);
    if (!name.startsWith('data/') && entry.uncompressedSize > MOST_DESCRIPTION_BYTES)
      throw new Error(`the archive's ${name} has ${entry.uncompressedSize} bytes; at most ${MOST_DESCRIPTION_BYTES} are read`);
    return buffer(await promisify<yauzl.Entry, NodeJS.ReadableStream>(zip.openReadStream.bind(zip))(entry));
  };
  try {
    const entries = await entriesOf(zip);
    if (entries.has('byteorder') && (await read(entries, 'byteorder')).toString() !== 'little')
      throw new Error('the archive is big-endian, which is not supported');
    const tensors = tensorsOf(readPickle(await read(entries, 'data.pkl'), 0, torchRules).value);
    return { tensors, storages: ({ key }) => read(entries, `data/${key}`), close: () => zip.close() };
  } catch (error) {
    zip.close();
    throw error;
  }
}

const legacyMagic = 0x1950a86a20f9469cfc6cn;

/** Pickles of a magic number, the version, the system, the tensors and the storages' keys; then each storage: its count, its elements. */
function openPlainLayout(bytes: Buffer): TorchArchive {
  let position = 0;
  const next = () => {
    const { value, end } = readPickle(bytes, position, torchRules);
    position = end;
    return value;
  };
  if (next() !== legacyMagic) throw new Error('this was not written by torch.save');
  next();
  next();
  const tensors = tensorsOf(next());
  const keys = next();
  const byKey = new Map([...tensors.values()].map(({ storage }) => [storage.key, storage]));
  const storages = new Map<string, Uint8Array>();
  for (const key of Array.isArray(keys) ? (keys as unknown[]) : []) {
    const storage = byKey.get(String(key));
    // the count of one that no tensor uses is read, but how wide its elements are is not known
    if (!storage) throw new Error(`the storage ${String(key)} belongs to no tensor`);
    const start = position + 8;
    position = start + storage.count * bytesPerElement[storage.dtype]!;
    if (position > bytes.length || bytes.readBigInt64LE(start - 8) !== BigInt(storage.count))
      throw new Error(`the storage ${String(key)} is cut off`);
    storages.set(storage.key, bytes.subarray(start, position));
  }
  return {
    tensors,
    close: () => storages.clear(),
    storages: ({ key }) => {
      const found = storages.get(key);
      return found ? Promise.resolve(found) : Promise.reject(new Error(`the file has no storage ${key}`));
    },
  };
}

export async function openTorchArchive(path: string): Promise<TorchArchive> {
  try {
    return (await isZip(path)) ? await openZipLayout(path) : openPlainLayout(await readFile(path));
  } catch (error) {
    if (error instanceof Error) error.message = `${path}: ${error.message}`;
    throw error;
  }
}
