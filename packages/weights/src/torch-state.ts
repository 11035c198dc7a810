// What the pickle of a torch state dictionary may hold: tensors over storages, in dictionaries.
import { UnsafePickleError, PickleGlobal, type PickleRules, type PickleValue } from './pickle.ts';

export class TorchStorage {
  readonly key: string;
  readonly dtype: string;
  readonly count: number;
  constructor(key: string, dtype: string, count: number) {
    this.key = key;
    this.dtype = dtype;
    this.count = count;
  }
}

export class TorchTensor {
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(storage: TorchStorage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

const storageTypes: Readonly<Record<string, string>> = {
  FloatStorage: 'F32',
  DoubleStorage: 'F64',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

const tensorMaker = 'torch._utils._rebuild_tensor_v2';
const parameterMaker = 'torch._utils._rebuild_parameter';
const dictionaryMaker = 'collections.OrderedDict';
const storageOf = (name: string): string | undefined => (name.startsWith('torch.') ? storageTypes[name.slice('torch.'.length)] : undefined);

const isSize = (value: PickleValue): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

function sizes(value: PickleValue | undefined, what: string): number[] {
  if (!Array.isArray(value) || !value.every(isSize)) throw new Error(`a tensor's ${what} is no list of sizes`);
  return value as number[];
}

function makeTensor([storage, offset, shape, strides]: readonly PickleValue[]): TorchTensor {
  if (!(storage instanceof TorchStorage) || !isSize(offset ?? null)) throw new Error('a tensor has no storage');
  const [dimensions, steps] = [sizes(shape, 'shape'), sizes(strides, 'stride')];
  if (dimensions.length !== steps.length) throw new Error('shape and stride of a tensor differ in length');
  const last = dimensions.reduce((sum, size, i) => sum + (size - 1) * steps[i]!, offset as number);
  if (!dimensions.includes(0) && last >= storage.count) throw new Error('a tensor reaches past the end of its storage');
  return new TorchTensor(storage, offset as number, dimensions, steps);
}

export const torchRules: PickleRules = {
  allows: (name) => [tensorMaker, parameterMaker, dictionaryMaker].includes(name) || storageOf(name) !== undefined,
  call(name, args) {
    if (name === tensorMaker) return makeTensor(args);
    if (name === parameterMaker && args[0] instanceof TorchTensor) return args[0];
    if (name === dictionaryMaker) return new Map();
    throw new UnsafePickleError(`the pickle calls ${name}, which makes no tensor`);
  },
  persistent(id) {
    const [kind, type, key, , count] = Array.isArray(id) ? (id as PickleValue[]) : [];
    const dtype = type instanceof PickleGlobal ? storageOf(type.name) : undefined;
    if (kind !== 'storage' || dtype === undefined || typeof key !== 'string' || !isSize(count ?? null))
      throw new Error('the file refers to a storage in a way that is not known');
    return new TorchStorage(key, dtype, count as number);
  },
};

/** The tensors of a state dictionary, or of the one under `state_dict` in a training checkpoint. */
export function tensorsOf(value: PickleValue): Map<string, TorchTensor> {
  const inner = value instanceof Map && value.get('state_dict') instanceof Map ? (value.get('state_dict') as PickleValue) : value;
  if (!(inner instanceof Map)) throw new Error('the file holds no dictionary of tensors');
  const tensors = new Map<string, TorchTensor>();
  for (const [name, tensor] of inner) if (typeof name === 'string' && tensor instanceof TorchTensor) tensors.set(name, tensor);
  if (tensors.size === 0) throw new Error('the file holds no tensors');
  return tensors;
}
