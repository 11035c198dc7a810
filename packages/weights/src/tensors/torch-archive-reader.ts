// Reads the tensors of a file of torch.save as float32.
import { elementCount, openTorchArchive, type TensorInfo, type TorchArchive, type TorchTensor } from '@styleforge/model-files';
import { decoders } from './element-decoders.ts';
import type { TensorReader } from './tensor-reader.ts';

/** Copies elements in the order of the tensor's dimensions, whatever its strides are. */
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
  readonly #opened: TorchArchive;

  private constructor(path: string, opened: TorchArchive) {
    this.path = path;
    this.#opened = opened;
  }

  static async open(path: string): Promise<TorchArchiveReader> {
    return new TorchArchiveReader(path, await openTorchArchive(path));
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
    if (!tensor) throw new Error(`${this.path} contains no tensor ${name}`);
    return tensor;
  }
}
