// Tensors of a file that torch.save wrote: the zip layout since torch 1.6, and the plain one before it.
import { open, readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import yauzl from 'yauzl';
import { decoders } from './element-decoders.ts';
import { readPickle } from './pickle.ts';
import { elementCount, type TensorInfo } from './safetensors-header.ts';
import type { TensorReader } from './tensor-reader.ts';
import { tensorsOf, torchRules, type TorchStorage, type TorchTensor } from './torch-state.ts';

/** Gives the bytes of a storage. */
type Storages = (storage: TorchStorage) => Promise<Uint8Array>;

interface Opened {
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

async function openZipLayout(path: string): Promise<Opened> {
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
function openPlainLayout(bytes: Buffer): Opened {
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
    position = start + storage.count * decoders[storage.dtype]!.bytesPerElement;
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

/** Elements in the order of the tensor's own dimensions, whatever its strides. */
function gather(elements: Float32Array, { offset, shape, strides }: TorchTensor, target: Float32Array): void {
  const place = shape.map(() => 0);
  let at = offset;
  for (let i = 0; i < target.length; i++) {
    target[i] = elements[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++place[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      place[axis] = 0;
    }
  }
}

export class TorchArchiveReader implements TensorReader {
  readonly path: string;
  readonly #opened: Opened;

  private constructor(path: string, opened: Opened) {
    this.path = path;
    this.#opened = opened;
  }

  static async open(path: string): Promise<TorchArchiveReader> {
    try {
      return new TorchArchiveReader(path, (await isZip(path)) ? await openZipLayout(path) : openPlainLayout(await readFile(path)));
    } catch (error) {
      if (error instanceof Error) error.message = `${path}: ${error.message}`;
      throw error;
    }
  }

  names(): string[] {
    return [...this.#opened.tensors.keys()];
  }

  has(name: string): boolean {
    return this.#opened.tensors.has(name);
  }

  info(name: string): TensorInfo {
    const { shape, storage } = this.#tensor(name);
    return { shape, dtype: storage.dtype };
  }

  async read(name: string): Promise<Float32Array> {
    const target = new Float32Array(elementCount(this.#tensor(name).shape));
    await this.readInto(name, target);
    return target;
  }

  async readInto(name: string, target: Float32Array): Promise<void> {
    const tensor = this.#tensor(name);
    const { count, dtype } = tensor.storage;
    if (target.length !== elementCount(tensor.shape))
      throw new RangeError(`${this.path}: tensor ${name} has ${elementCount(tensor.shape)} elements, the target ${target.length}`);
    const decoder = decoders[dtype]!;
    const bytes = await this.#opened.storages(tensor.storage);
    if (bytes.length < count * decoder.bytesPerElement) throw new Error(`${this.path}: the storage of ${name} is cut off`);
    const elements = new Float32Array(count);
    decoder.decode(Uint8Array.prototype.slice.call(bytes).buffer as ArrayBuffer, elements);
    gather(elements, tensor, target);
  }

  close(): Promise<void> {
    this.#opened.close();
    return Promise.resolve();
  }

  #tensor(name: string): TorchTensor {
    const tensor = this.#opened.tensors.get(name);
    if (!tensor) throw new Error(`${this.path} holds no tensor ${name}`);
    return tensor;
  }
}
