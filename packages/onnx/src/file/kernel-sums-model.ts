// The ONNX model of KID's kernel in float32, summed along rows, between and within subsets of two sets.
import { ModelBuilder } from './model-builder.ts';

/** Number of rows from which on a symmetric kernel is divided, so that its lower half is not computed. */
const DIVIDED_ROWS = 64;

/** Sums over the rows of `b` of (a.b / dimension + 1)^3 (arXiv 1801.01401), for each row of `a`. */
function rowSums(builder: ModelBuilder, a: string, b: string, dimension: number): string {
  const one = builder.floats(Float32Array.of(1), [1], 'float32');
  const base = builder.node('Gemm', [a, b, one], { attributes: { transB: 1n, alpha: 1 / dimension } });
  const cubed = builder.node('Mul', [builder.node('Mul', [base, base]), base]);
  return builder.node('ReduceSum', [cubed, builder.integers([1])], { attributes: { keepdims: 0n } });
}

/** A part of the kernel of rows with themselves. A part beside the diagonal stands for its mirror image as well. */
interface Part {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
}

/** The parts of a symmetric kernel: the squares on the diagonal once, and the upper half of all that is beside them. */
function partsOf(first: number, last: number): Part[] {
  if (last - first < DIVIDED_ROWS) return [{ rows: [first, last], columns: [first, last] }];
  const middle = Math.ceil((first + last) / 2);
  return [{ rows: [first, middle], columns: [middle, last] }, ...partsOf(first, middle), ...partsOf(middle, last)];
}

/** Sums whose total is that of the whole kernel of `rows` with themselves. */
function sumsWithin(builder: ModelBuilder, rows: string, parts: readonly Part[], dimension: number): string {
  const slice = ([from, to]: Part['rows']): string =>
    builder.node('Slice', [rows, builder.integers([from]), builder.integers([to]), builder.integers([0])]);
  const two = builder.floats(Float32Array.of(2), [1], 'float32');
  const sums = parts.map((part) => {
    const upper = rowSums(builder, slice(part.rows), slice(part.columns), dimension);
    return part.columns[0] === part.rows[0] ? upper : builder.node('Mul', [upper, two]);
  });
  return builder.node('Concat', sums, { attributes: { axis: 0n } });
}

export interface KernelSumsModel {
  readonly bytes: Uint8Array;
  /** Number of sums in `xx` and `yy`. */
  readonly sumsWithin: number;
}

/**
 * A model with two sets `x` and `y` [any, dimension] and the numbers of `size` rows of each, `x_rows` and `y_rows`. Its outputs `xx`, `yy`
 * [sumsWithin] and `xy` [size] add up to the kernels of the subsets. The values of the kernels never leave the session.
 */
export function kernelSumsModel(dimension: number, size: number): KernelSumsModel {
  const builder = new ModelBuilder({ hidesShapes: true });
  const parts = partsOf(0, size);
  const sums = parts.reduce((sum, { rows: [from, to] }) => sum + to - from, 0);
  const [x, y] = ['x', 'y'].map((set) => {
    builder.input(set, 'float32', [0, dimension]);
    builder.input(`${set}_rows`, 'int32', [size]);
    return builder.node('Gather', [set, `${set}_rows`]);
  });
  builder.exportAs(sumsWithin(builder, x, parts, dimension), 'xx', 'float32', [sums]);
  builder.exportAs(sumsWithin(builder, y, parts, dimension), 'yy', 'float32', [sums]);
  builder.exportAs(rowSums(builder, x, y, dimension), 'xy', 'float32', [size]);
  return { bytes: builder.build(), sumsWithin: sums };
}
