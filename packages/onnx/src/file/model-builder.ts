// Writes one ONNX model: nodes, shared initializers, names.
import { create, toBinary } from '@bufbuild/protobuf';
import { type DType, type Shape } from '@styleforge/autodiff';
import {
  ModelProtoSchema,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  AttributeProtoSchema,
  GraphProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from '../generated/onnx_pb.ts';

const FLOAT = 1;
const FLOAT16 = 10;
const INT32 = 6;
export const INT64 = 7;
/** The storage precision of a training's floating-point values. */
export type FloatPrecision = 'float32' | 'float16';
/** The element type of a value. float64 is used by the linear algebra of the metrics, never by training. */
export type ElementType = DType | 'float16' | 'float64';
const ELEMENT_TYPES: Record<ElementType, number> = { float32: FLOAT, int32: INT32, float16: FLOAT16, float64: 11 };

const ATTRIBUTE_TYPE = { float: 1, integer: 2, string: 3, integers: 7 };

const IR_VERSION = 10n;
const OPSET = 20n;

/** The value of an attribute: bigint for integers, number for floats, or a string or list. */
export type AttributeValue = bigint | number | string | readonly bigint[];

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** 'com.microsoft' for onnxruntime's own operations. */
  readonly domain?: string;
  readonly outputs?: readonly string[];
  /** Types of the outputs, for operations that onnxruntime does not know. */
  readonly types?: readonly { readonly dtype: ElementType; readonly shape: Shape }[];
}

export const ints = (values: readonly number[]): bigint[] => values.map(BigInt);

function attribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'bigint') return create(AttributeProtoSchema, { name, type: ATTRIBUTE_TYPE.integer, i: value });
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: ATTRIBUTE_TYPE.float, f: value });
  if (typeof value === 'string')
    return create(AttributeProtoSchema, { name, type: ATTRIBUTE_TYPE.string, s: new TextEncoder().encode(value) });
  return create(AttributeProtoSchema, { name, type: ATTRIBUTE_TYPE.integers, ints: [...value] });
}

function valueInfo(name: string, elemType: number, shape: Shape | null): ReturnType<typeof create<typeof ValueInfoProtoSchema>> {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType,
          ...(shape && { shape: { dim: shape.map((dimension) => ({ value: { case: 'dimValue' as const, value: BigInt(dimension) } })) } }),
        },
      },
    },
  });
}

export class ModelBuilder {
  readonly #hidesShapes: boolean;
  readonly #graph: GraphProto = create(GraphProtoSchema, { name: 'styleforge' });
  readonly #integers = new Map<string, string>();
  readonly #floats = new Map<string, string>();
  readonly #computed = new Set<string>();
  readonly #renamed = new Map<string, string>();
  readonly #domains = new Set<string>();
  /** Types of inputs, and of results of operations that onnxruntime cannot infer. */
  readonly #types: ReturnType<typeof valueInfo>[] = [];
  #names = 0;

  /**
   * Starts an empty model. With `hidesShapes` the model tells no shapes before it runs: inputs have none, and the integers that shape a
   * result are inputs with defaults. onnxruntime then frees every value after its last use. Where it knows that two values have the same
   * size, it keeps the memory of the first for the second, however much later the second is computed. Where it knows only the number of
   * dimensions, it compares each value with all that are free, and a training graph takes ten times as long to load.
   */
  constructor({ hidesShapes = false }: { hidesShapes?: boolean } = {}) {
    this.#hidesShapes = hidesShapes;
  }

  freshName(hint: string): string {
    return `${hint}_${this.#names++}`;
  }

  input(name: string, dtype: ElementType, shape: Shape): void {
    this.#types.push(valueInfo(name, ELEMENT_TYPES[dtype], shape));
    this.#graph.input.push(valueInfo(name, ELEMENT_TYPES[dtype], this.#hidesShapes ? null : shape));
  }

  #output(name: string, dtype: ElementType, shape: Shape): void {
    this.#graph.output.push(valueInfo(name, ELEMENT_TYPES[dtype], this.#hidesShapes ? null : shape));
  }

  /** Appends a node and returns the name of its first output. */
  node(opType: string, inputs: readonly string[], { attributes = {}, domain = '', outputs, types = [] }: NodeOptions = {}): string {
    const output = outputs ? [...outputs] : [this.freshName(opType)];
    this.#graph.node.push(
      create(NodeProtoSchema, {
        opType,
        domain,
        name: this.freshName(`n_${opType}`),
        input: [...inputs],
        output,
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      }),
    );
    output.forEach((name) => this.#computed.add(name));
    this.#domains.add(domain);
    for (const [i, { dtype, shape }] of types.entries()) {
      const info = valueInfo(output[i], ELEMENT_TYPES[dtype], shape);
      this.#types.push(info);
      if (!this.#hidesShapes) this.#graph.valueInfo.push(info);
    }
    return output[0];
  }

  reshape(x: string, shape: readonly number[]): string {
    return this.node('Reshape', [x, this.integers(shape)]);
  }

  transpose(x: string, permutation: readonly number[]): string {
    return this.node('Transpose', [x], { attributes: { perm: ints(permutation) } });
  }

  initializer(data: Float32Array | Int32Array | BigInt64Array, shape: Shape, name = this.freshName('constant')): string {
    const dataType = data instanceof Float32Array ? FLOAT : data instanceof Int32Array ? INT32 : INT64;
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
    this.#graph.initializer.push(create(TensorProtoSchema, { name, dims: ints(shape), dataType, rawData }));
    return name;
  }

  /** Casts a floating-point value to another precision. */
  cast(value: string, precision: FloatPrecision): string {
    return this.node('Cast', [value], { attributes: { to: BigInt(precision === 'float16' ? FLOAT16 : FLOAT) } });
  }

  /**
   * A floating-point constant, stored once for equal values. onnxruntime casts it when it loads the model, or in every run if it may not
   * optimize.
   */
  floats(values: Float32Array, shape: Shape, precision: FloatPrecision): string {
    const key = `${shape.join()}:${values.join()}`;
    const name = this.#floats.get(key) ?? this.initializer(values, shape);
    this.#floats.set(key, name);
    return precision === 'float32' ? name : this.cast(name, precision);
  }

  /** An int64 list (axes, shapes, starts...), stored once for equal values. */
  integers(values: readonly number[]): string {
    const key = values.join();
    let name = this.#integers.get(key);
    if (name === undefined) {
      name = this.initializer(BigInt64Array.from(ints(values)), [values.length]);
      if (this.#hidesShapes) this.#graph.input.push(valueInfo(name, INT64, null));
      this.#integers.set(key, name);
    }
    return name;
  }

  /** Makes the value `from` a graph output called `name`, renaming the value itself if possible. */
  exportAs(from: string, name: string, dtype: ElementType, shape: Shape): void {
    this.#output(name, dtype, shape);
    if (this.#computed.has(from) && !this.#renamed.has(from)) this.#renamed.set(from, name);
    else this.node('Identity', [this.#renamed.get(from) ?? from], { outputs: [name] });
  }

  /** Ends the model and returns its graph with the given types. Nothing can be added afterwards. */
  finish(): { readonly graph: GraphProto; readonly types: readonly ReturnType<typeof valueInfo>[] } {
    const rename = (name: string): string => this.#renamed.get(name) ?? name;
    for (const node of this.#graph.node) {
      node.input = node.input.map(rename);
      node.output = node.output.map(rename);
    }
    this.#graph.valueInfo = this.#graph.valueInfo.filter(({ name }) => !this.#renamed.has(name ?? ''));
    const types = this.#types.map((info) => ({ ...info, name: rename(info.name!) }));
    return { graph: this.#graph, types };
  }

  build(): Uint8Array {
    this.finish();
    const further = [...this.#domains].filter((domain) => domain !== '' && domain !== 'com.microsoft');
    const model: ModelProto = create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: 'styleforge',
      graph: this.#graph,
      opsetImport: [
        { domain: '', version: OPSET },
        { domain: 'com.microsoft', version: 1n },
        ...further.map((domain) => ({ domain, version: 1n })),
      ],
    });
    return toBinary(ModelProtoSchema, model);
  }
}
