// Operations of our own in onnxruntime's graphs: a struct of callbacks (OrtCustomOp) for each. Their kernels are functions of this
// process.
import { type Shape } from '@styleforge/autodiff';
import koffi from 'koffi';
import { type Address } from './api.ts';
import { type Environment } from './environment.ts';
import { type Owned } from './owned.ts';
import { addressOf, ELEMENT_TYPES, type ElementType } from './values.ts';

/** The arguments of an operation's kernel. Addresses are in the memory of the provider that runs it. */
export interface OperationCall {
  readonly attributes: Readonly<Record<string, number>>;
  input(index: number): { readonly address: Address; readonly shape: Shape };
  /** Allocates memory for a result and returns its address. */
  output(index: number, shape: Shape): Address;
}

export interface CustomOperation {
  readonly name: string;
  readonly inputs: readonly ElementType[];
  readonly outputs: readonly ElementType[];
  /** Names of integer attributes. */
  readonly integers?: readonly string[];
  readonly floats?: readonly string[];
  /** Called when a session that contains the operation is created. */
  readonly prepare?: () => void;
  readonly compute: (call: OperationCall) => void;
}

/** Members of the struct after its version, in order (onnxruntime_c_api.h). Those that are not needed are null. */
const MEMBERS = [
  'CreateKernel',
  'GetName',
  'GetExecutionProviderType',
  'GetInputType',
  'GetInputTypeCount',
  'GetOutputType',
  'GetOutputTypeCount',
  'KernelCompute',
  'KernelDestroy',
  'GetInputCharacteristic',
  'GetOutputCharacteristic',
  'GetInputMemoryType',
  'GetVariadicInputMinArity',
  'GetVariadicInputHomogeneity',
  'GetVariadicOutputMinArity',
  'GetVariadicOutputHomogeneity',
  'CreateKernelV2',
  'KernelComputeV2',
] as const;
type Member = (typeof MEMBERS)[number];
/** The version of the API that has exactly these members. */
const VERSION = 16n;
/** The OrtErrorCode for exceptions in a callback. */
const FAILED = 1;
/** OrtCustomOpInputOutputCharacteristic and OrtMemType: every operand is required, and is in the provider's memory. */
const [REQUIRED, DEFAULT_MEMORY] = [0, 0];

const pointer = 'void *';

interface Kernel {
  readonly operation: CustomOperation;
  readonly attributes: OperationCall['attributes'];
}

export class CustomOperations {
  readonly #environment: Environment;
  readonly #provider: Address;
  readonly #domain: Owned;
  readonly #operations = new Map<Address, CustomOperation>();
  /** The operation and attribute values of each node. onnxruntime refers to them by number. */
  readonly #kernels: Kernel[] = [];
  /** Memory and callbacks whose addresses onnxruntime has. They live as long as the thread, like the sessions that call them. */
  readonly #kept: NodeJS.ArrayBufferView[] = [];

  /** Registers the operations. `provider`: the provider in whose memory the kernels work; null for the processor. */
  constructor(environment: Environment, domain: string, provider: string | null, operations: readonly CustomOperation[]) {
    this.#environment = environment;
    this.#domain = environment.own('a domain of operations', 'ReleaseCustomOpDomain', 'CreateCustomOpDomain', domain);
    this.#provider = provider === null ? 0n : this.#text(provider);
    const callbacks = this.#callbacks();
    for (const operation of operations) {
      const struct = new BigUint64Array([VERSION, ...MEMBERS.map((member) => callbacks[member] ?? 0n)]);
      this.#kept.push(struct);
      this.#operations.set(addressOf(struct), operation);
      environment.api.call('CustomOpDomain_Add', this.#domain.handle, addressOf(struct));
    }
  }

  /** Makes the operations available to a session. */
  addTo(options: Address): void {
    this.#environment.api.call('AddCustomOpDomain', options, this.#domain.handle);
  }

  #text(text: string): Address {
    const bytes = Buffer.from(`${text}\0`);
    this.#kept.push(bytes);
    return addressOf(bytes);
  }

  /** The callbacks, shared by all operations. onnxruntime calls each with the address of an operation's struct, or of a kernel. */
  #callbacks(): Partial<Record<Member, Address>> {
    const names = new Map<CustomOperation, Address>();
    const nameOf = (operation: CustomOperation): Address => {
      const name = names.get(operation) ?? this.#text(operation.name);
      names.set(operation, name);
      return name;
    };
    const of = (struct: Address): CustomOperation => this.#operations.get(struct)!;
    return {
      GetName: callback(pointer, [pointer], (struct) => nameOf(of(struct))),
      GetExecutionProviderType: callback(pointer, [pointer], () => this.#provider),
      GetInputType: callback('int', [pointer, 'size_t'], (struct, i) => ELEMENT_TYPES[of(struct).inputs[Number(i)]]),
      GetInputTypeCount: callback('size_t', [pointer], (struct) => of(struct).inputs.length),
      GetOutputType: callback('int', [pointer, 'size_t'], (struct, i) => ELEMENT_TYPES[of(struct).outputs[Number(i)]]),
      GetOutputTypeCount: callback('size_t', [pointer], (struct) => of(struct).outputs.length),
      GetInputCharacteristic: callback('int', [pointer, 'size_t'], () => REQUIRED),
      GetOutputCharacteristic: callback('int', [pointer, 'size_t'], () => REQUIRED),
      GetInputMemoryType: callback('int', [pointer, 'size_t'], () => DEFAULT_MEMORY),
      KernelDestroy: callback('void', [pointer], () => undefined),
      CreateKernelV2: callback(pointer, [pointer, pointer, pointer, pointer], (struct, _api, info, into) =>
        this.#guarded(of(struct), () => koffi.encode(into, 'uint64_t', this.#createKernel(of(struct), info))),
      ),
      KernelComputeV2: callback(pointer, [pointer, pointer], (kernel, context) => {
        const { operation, attributes } = this.#kernels[Number(kernel) - 1];
        return this.#guarded(operation, () => operation.compute(this.#call(context, attributes)));
      }),
    };
  }

  /** Returns a number that identifies the kernel. It is never zero, which would mean that there is none. */
  #createKernel(operation: CustomOperation, info: Address): number {
    operation.prepare?.();
    const { api } = this.#environment;
    const read = <Cell extends BigInt64Array | Float32Array>(call: AttributeCall, name: string, cell: Cell): number => {
      api.call(call, info, name, cell);
      return Number(cell[0]);
    };
    const attributes = {
      ...Object.fromEntries(
        (operation.integers ?? []).map((name) => [name, read('KernelInfoGetAttribute_int64', name, new BigInt64Array(1))]),
      ),
      ...Object.fromEntries(
        (operation.floats ?? []).map((name) => [name, read('KernelInfoGetAttribute_float', name, new Float32Array(1))]),
      ),
    };
    return this.#kernels.push({ operation, attributes });
  }

  /** Runs `act` and turns an exception into a status, because exceptions may not leave a callback. */
  #guarded({ name }: CustomOperation, act: () => void): Address {
    try {
      act();
      return 0n;
    } catch (error) {
      return this.#environment.api.status(FAILED, `${name}: ${(error as Error).message}`);
    }
  }

  #call(context: Address, attributes: Readonly<Record<string, number>>): OperationCall {
    const { api } = this.#environment;
    return {
      attributes,
      input: (index) => {
        const value = api.make('KernelContext_GetInput', context, index);
        return { address: api.make('GetTensorMutableData', value), shape: this.#shapeOf(value) };
      },
      output: (index, shape) => {
        const dimensions = BigInt64Array.from(shape, BigInt);
        return api.make('GetTensorMutableData', api.make('KernelContext_GetOutput', context, index, dimensions, shape.length));
      },
    };
  }

  #shapeOf(value: Address): Shape {
    const { api } = this.#environment;
    const info = api.make('GetTensorTypeAndShape', value);
    try {
      const rank = Number(api.make('GetDimensionsCount', info));
      const dimensions = new BigInt64Array(Math.max(1, rank));
      api.call('GetDimensions', info, dimensions, rank);
      return [...dimensions.subarray(0, rank)].map(Number);
    } finally {
      api.free('ReleaseTensorTypeAndShapeInfo', info);
    }
  }
}

type AttributeCall = 'KernelInfoGetAttribute_int64' | 'KernelInfoGetAttribute_float';

/** The address of a C function that calls `act`. koffi passes small addresses and sizes as numbers and large ones as bigint. */
function callback(result: string, args: readonly string[], act: (...values: Address[]) => Address | number | undefined): Address {
  return BigInt(koffi.register(act, koffi.pointer(koffi.proto(result, [...args]))) as Address);
}
