// Shapes and sizes of all values of a written model, as onnxruntime infers them.
import { elementCount, type Shape } from '@styleforge/autodiff';
import { type GraphProto, type NodeProto, type TensorProto, type ValueInfoProto } from '../generated/onnx_pb.ts';

/** A value's type and shape, and its numbers if they are few and known beforehand. */
export interface ModelValue {
  readonly shape: Shape;
  readonly elementBytes: number;
  readonly numbers?: readonly number[];
}

/** Bytes of an element by TensorProto.DataType: float16, bfloat16, float64 and int64. All other types that are written have four bytes. */
const SIZES: Readonly<Record<number, number>> = { 10: 2, 16: 2, 11: 8, 7: 8 };
const elementBytesOf = (type: number | undefined): number => SIZES[type ?? 0] ?? 4;

export const bytesOf = ({ shape, elementBytes }: ModelValue): number => elementCount(shape) * elementBytes;

/** Attributes of a node, each a number or a list of numbers. */
class Attributes {
  readonly #node: NodeProto;

  constructor(node: NodeProto) {
    this.#node = node;
  }

  number(name: string, otherwise = 0): number {
    const found = this.#node.attribute.find((attribute) => attribute.name === name);
    return found?.i === undefined ? otherwise : Number(found.i);
  }

  list(name: string): number[] | undefined {
    return this.#node.attribute.find((attribute) => attribute.name === name)?.ints.map(Number);
  }
}

interface Known {
  readonly operands: readonly ModelValue[];
  readonly attributes: Attributes;
}
type ShapeRule = (known: Known) => Shape;

function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const at = (shape: Shape, i: number): number => shape[i - (rank - shape.length)] ?? 1;
  return Array.from({ length: rank }, (_, i) => (at(a, i) === 1 ? at(b, i) : at(a, i)));
}

const numbersOf = (value: ModelValue | undefined): readonly number[] => value?.numbers ?? [];
const wrapped = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

const reshaped: ShapeRule = ({ operands: [x, to] }) => {
  const wanted = numbersOf(to).map((size, i) => (size === 0 ? x.shape[i] : size));
  const known = wanted.filter((size) => size > 0).reduce((a, b) => a * b, 1);
  return wanted.map((size) => (size < 0 ? elementCount(x.shape) / known : size));
};

/** The shape rule of matrix products: the last two dimensions, possibly transposed, after the broadcast leading ones. */
const product =
  (transposes: readonly [string, string]): ShapeRule =>
  ({ operands: [a, b], attributes }) => {
    const [left, right] = transposes.map((name) => attributes.number(name) === 1);
    const rows = a.shape.at(left ? -1 : -2)!;
    const columns = b.shape.at(right ? -2 : -1)!;
    return [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns];
  };

const convolved: ShapeRule = ({ operands: [x, weight], attributes }) => {
  const pads = attributes.list('pads') ?? [0, 0, 0, 0];
  const strides = attributes.list('strides') ?? [1, 1];
  const dilations = attributes.list('dilations') ?? [1, 1];
  const size = (i: number): number =>
    Math.floor((x.shape[i + 2] + pads[i] + pads[i + 2] - dilations[i] * (weight.shape[i + 2] - 1) - 1) / strides[i]) + 1;
  return [x.shape[0], weight.shape[0], size(0), size(1)];
};

const transposedConvolution: ShapeRule = ({ operands: [x, weight], attributes }) => {
  const [pads, strides, further] = ['pads', 'strides', 'output_padding'].map((name) => attributes.list(name) ?? []);
  const size = (i: number): number =>
    (x.shape[i + 2] - 1) * (strides[i] ?? 1) + weight.shape[i + 2] - (pads[i] ?? 0) - (pads[i + 2] ?? 0) + (further[i] ?? 0);
  return [x.shape[0], weight.shape[1], size(0), size(1)];
};

const pooled: ShapeRule = ({ operands: [x], attributes }) => {
  const kernel = { shape: [x.shape[1], 1, ...attributes.list('kernel_shape')!], elementBytes: 0 };
  return convolved({ operands: [x, kernel], attributes });
};

const sliced: ShapeRule = ({ operands: [x, starts, ends, axes, steps] }) => {
  const shape = [...x.shape];
  numbersOf(axes).forEach((given, i) => {
    const axis = wrapped(given, shape.length);
    const bound = (place: number): number => Math.min(x.shape[axis], wrapped(place, x.shape[axis]));
    shape[axis] = Math.max(0, Math.ceil((bound(numbersOf(ends)[i]) - bound(numbersOf(starts)[i])) / (numbersOf(steps)[i] ?? 1)));
  });
  return shape;
};

const joined: ShapeRule = ({ operands, attributes }) => {
  const shape = [...operands[0].shape];
  const axis = wrapped(attributes.number('axis'), shape.length);
  shape[axis] = operands.reduce((sum, operand) => sum + operand.shape[axis], 0);
  return shape;
};

const reduced: ShapeRule = ({ operands: [x, axes], attributes }) => {
  const given = axes ? numbersOf(axes) : (attributes.list('axes') ?? x.shape.map((_, i) => i));
  const gone = new Set(given.map((axis) => wrapped(axis, x.shape.length)));
  if (attributes.number('keepdims', 1) === 1) return x.shape.map((size, i) => (gone.has(i) ? 1 : size));
  return x.shape.filter((_, i) => !gone.has(i));
};

const unsqueezed: ShapeRule = ({ operands: [x, axes] }) => {
  const rank = x.shape.length + numbersOf(axes).length;
  const places = new Set(numbersOf(axes).map((axis) => wrapped(axis, rank)));
  const rest = [...x.shape];
  return Array.from({ length: rank }, (_, i) => (places.has(i) ? 1 : rest.shift()!));
};

const padded: ShapeRule = ({ operands: [x, pads] }) => {
  const counts = numbersOf(pads);
  return x.shape.map((size, i) => size + counts[i] + counts[i + x.shape.length]);
};

const elementwise: ShapeRule = ({ operands }) => operands.map(({ shape }) => shape).reduce(broadcast);

/** Shape rules of all operations whose result does not have the shape of the first operand. */
const RULES: Readonly<Record<string, ShapeRule>> = {
  ...Object.fromEntries(['Add', 'Sub', 'Mul', 'Div'].map((name) => [name, elementwise])),
  Reshape: reshaped,
  Transpose: ({ operands: [x], attributes }) => attributes.list('perm')!.map((axis) => x.shape[axis]),
  Gemm: product(['transA', 'transB']),
  MatMul: product(['', '']),
  FusedMatMul: product(['transA', 'transB']),
  Conv: convolved,
  ConvTranspose: transposedConvolution,
  MaxPool: pooled,
  AveragePool: pooled,
  Resize: ({ operands: [x, , scales] }) => x.shape.map((size, i) => size * numbersOf(scales)[i]),
  Expand: ({ operands: [x, to] }) => broadcast(x.shape, numbersOf(to)),
  Concat: joined,
  Slice: sliced,
  Pad: padded,
  Gather: ({ operands: [table, indices] }) => [...indices.shape, ...table.shape.slice(1)],
  ConstantOfShape: ({ operands: [to] }) => numbersOf(to),
  ...Object.fromEntries(['ReduceSum', 'ReduceMean', 'ReduceMax'].map((name) => [name, reduced])),
  Unsqueeze: unsqueezed,
};

const FLOAT32_BYTES = 4;
const MOST_NUMBERS = 16;

function initializer({ dims, dataType, rawData }: TensorProto): ModelValue {
  const elementBytes = elementBytesOf(dataType);
  const value = { shape: dims.map(Number), elementBytes };
  if (!rawData || elementCount(value.shape) > MOST_NUMBERS) return value;
  const bytes = rawData.slice().buffer;
  return { ...value, numbers: elementBytes === 8 ? [...new BigInt64Array(bytes)].map(Number) : [...new Float32Array(bytes)] };
}

function declared({ type }: ValueInfoProto): ModelValue {
  const tensor = type!.value.case === 'tensorType' ? type!.value.value : undefined;
  const dimensions = tensor?.shape?.dim.map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : 1));
  return { shape: dimensions ?? [], elementBytes: elementBytesOf(tensor?.elemType) };
}

/** Bytes of an element of a node's result. */
function resultBytes({ opType }: NodeProto, place: number, { operands: [x], attributes }: Known): number {
  if (opType === 'Cast') return elementBytesOf(attributes.number('to'));
  if (opType === 'ConstantOfShape' || (opType === 'LayerNormalization' && place > 0)) return FLOAT32_BYTES;
  return x.elementBytes;
}

function resultShape(node: NodeProto, place: number, known: Known): Shape {
  const [x] = known.operands;
  // mean and deviation
  if (node.opType === 'LayerNormalization' && place > 0) return [...x.shape.slice(0, -1), 1];
  return RULES[node.opType ?? '']?.(known) ?? x.shape;
}

/** All values by name. `given`: types of inputs, and of results of operations of our own. */
export function valuesOf(
  { node: nodes, initializer: initializers }: GraphProto,
  given: readonly ValueInfoProto[],
): Map<string, ModelValue> {
  const values = new Map<string, ModelValue>(given.map((info) => [info.name!, declared(info)]));
  for (const tensor of initializers) values.set(tensor.name!, initializer(tensor));
  for (const node of nodes) {
    const known = { operands: node.input.map((name) => values.get(name)!), attributes: new Attributes(node) };
    node.output.forEach((name, place) => {
      if (name === '' || values.has(name)) return;
      values.set(name, { shape: resultShape(node, place, known), elementBytes: resultBytes(node, place, known) });
    });
  }
  return values;
}
