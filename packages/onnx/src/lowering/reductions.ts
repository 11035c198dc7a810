// Sums, means and normalizations over many values, written so that rounding does not grow with the number of values. onnxruntime's kernels
// for the processor add one value after the other, and compute a variance as the mean of squares minus the square of the mean
// (docs/experiments/engine.md).
import { elementCount, type Shape } from '@styleforge/autodiff';
import { type ModelBuilder } from '../file/model-builder.ts';
import { emitStandardize, float } from './common.ts';
import { type EmitContext, type Emitters } from './lowering.ts';

/** Number of values from which on a reduction is done in two stages, which then costs no more than one. */
const MANY_VALUES = 256;
/** Length of a row from which on two passes over it cost about as much as onnxruntime's normalization. */
const LONG_ROW = 2048;

interface Reduction {
  readonly opType: 'ReduceSum' | 'ReduceMean';
  readonly axes: readonly number[];
  readonly keepDimensions: boolean;
}

/** The divisor of `length` that is nearest to `wanted`, by their ratio. */
function nearestDivisor(length: number, wanted: number): number {
  const ratio = (divisor: number): number => Math.max(divisor / wanted, wanted / divisor);
  let best = 1;
  for (let low = 1; low * low <= length; low++) {
    if (length % low !== 0) continue;
    best = [best, low, length / low].reduce((nearest, divisor) => (ratio(divisor) < ratio(nearest) ? divisor : nearest));
  }
  return best;
}

/**
 * Reduces a tensor. Many values are first reduced in groups of about their square root along the last of the axes, and the groups
 * afterwards: of n values, each then passes through about 2 sqrt(n) additions in place of n.
 */
function reduce(builder: ModelBuilder, x: string, shape: Shape, { opType, axes, keepDimensions }: Reduction): string {
  const count = elementCount(axes.map((axis) => shape[axis]));
  const last = Math.max(...axes);
  const group = nearestDivisor(shape[last], Math.sqrt(count));
  const over = (value: string, on: readonly number[], keepdims: boolean): string =>
    builder.node(opType, [value, builder.integers([...on])], { attributes: { keepdims: BigInt(keepdims) } });
  if (count < MANY_VALUES || group === 1 || group === count) return over(x, axes, keepDimensions);
  const groups = builder.reshape(x, [...shape.slice(0, last), shape[last] / group, group, ...shape.slice(last + 1)]);
  return over(over(groups, [last + 1], false), axes, keepDimensions);
}

const reduction =
  (opType: Reduction['opType']) =>
  ({ builder, node, operands }: EmitContext<'reduceSum' | 'reduceMean'>): string =>
    reduce(builder, operands[0], node.inputs[0].shape, { opType, ...node.attributes });

/** Long rows: the mean is subtracted before the squares are summed. */
function standardizeInTwoPasses(context: EmitContext<'standardize'>): readonly string[] {
  const { builder, node, operands } = context;
  const { shape } = node.inputs[0];
  const mean = (value: string): string =>
    reduce(builder, value, shape, { opType: 'ReduceMean', axes: [shape.length - 1], keepDimensions: true });
  const centered = builder.node('Sub', [operands[0], mean(operands[0])]);
  const variance = mean(builder.node('Mul', [centered, centered]));
  const deviation = builder.node('Sqrt', [builder.node('Add', [variance, float(context, node.attributes.epsilon)])]);
  const inverse = builder.node('Reciprocal', [deviation]);
  const value = builder.node('Mul', [centered, inverse]);
  return context.wanted[1] ? [value, inverse] : [value];
}

export const exactReductions: Pick<Emitters, 'reduceSum' | 'reduceMean' | 'standardize'> = {
  reduceSum: reduction('ReduceSum'),
  reduceMean: reduction('ReduceMean'),
  standardize: (context) => (context.node.inputs[0].shape.at(-1)! < LONG_ROW ? emitStandardize(context) : standardizeInTwoPasses(context)),
};
