// Contents that the pickle of a torch state dictionary may have: tensors over storages, in dictionaries.
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
const dictionaryMakers = ['collections.OrderedDict', 'torch.nn.modules.container.ParameterDict'];
/** Functions that make the empty sets among the attributes of a torch module. */
const setMakers = ['__builtin__.set', 'builtins.set'];
const storageOf = (name: string): string | undefined => (name.startsWith('torch.') ? storageTypes[name.slice('torch.'.length)] : undefined);

const isSize = (value: PickleValue): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

function sizes(value: PickleValue | undefined, what: string): number[] {
  if (!Array.isArray(value) || !value.every(isSize)) throw new Error(`a tensor's ${what} is not a list of sizes`);
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
  allows: (name) => [tensorMaker, parameterMaker, ...dictionaryMakers, ...setMakers].includes(name) || storageOf(name) !== undefined,
  call(name, args) {
    if (name === tensorMaker) return makeTensor(args);
    if (name === parameterMaker && args[0] instanceof TorchTensor) return args[0];
    if (setMakers.includes(name)) return [];
    if (dictionaryMakers.includes(name)) return new Map();
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

/** Name of the rows of the token that has the file's name, in safetensors files of A1111 and ComfyUI. */
export const EMBEDDING_ROWS = 'emb_params';

/** The rows of an A1111 embedding: {string_to_param: {'*': rows}, name, step, ...}. */
function embeddingOf(value: PickleValue): Map<string, TorchTensor> | undefined {
  const rows = value instanceof Map ? (value as Map<PickleValue, PickleValue>).get('string_to_param') : undefined;
  if (!(rows instanceof Map)) return undefined;
  const tensors = [...(rows as Map<PickleValue, PickleValue>).values()].filter((row) => row instanceof TorchTensor);
  if (tensors.length !== 1) throw new Error(`the embedding has ${tensors.length} tokens in string_to_param; files of one token are read`);
  return new Map([[EMBEDDING_ROWS, tensors[0]!]]);
}

/** The tensors of a state dictionary, of `state_dict` in a training checkpoint, or of an A1111 embedding. */
export function tensorsOf(value: PickleValue): Map<string, TorchTensor> {
  const embedding = embeddingOf(value);
  if (embedding) return embedding;
  if (value instanceof Map && value.has('activation_func')) throw new Error('the file is a hypernetwork, which is not read; train a LoRA');
  const inner = value instanceof Map && value.get('state_dict') instanceof Map ? (value.get('state_dict') as PickleValue) : value;
  if (!(inner instanceof Map)) throw new Error('the file contains no dictionary of tensors');
  const tensors = new Map<string, TorchTensor>();
  for (const [name, tensor] of inner) if (typeof name === 'string' && tensor instanceof TorchTensor) tensors.set(name, tensor);
  if (tensors.size === 0) throw new Error('the file contains no tensors');
  return tensors;
}
