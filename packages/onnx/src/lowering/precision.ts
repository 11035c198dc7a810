// Decides which values of a graph are float16 when its expensive products are (mixed precision training, arXiv 1710.03740).
import { elementCount, type OpKind, type OpNode, type Tensor } from '@styleforge/autodiff';
import { type FloatPrecision } from '../file/model-builder.ts';

/**
 * The precision in which an operation computes.
 * - `half`: float16, whatever its operands are (matrix products, convolutions).
 * - `follows`: float16 if all operands are, otherwise float32.
 * - `inside`: float32, but the result is float16 if the operands are, except for statistics (normalizations, gradients in one operation).
 * - `full`: float32 (sums over many values, and functions that overflow or lose digits).
 */
type Rule = 'half' | 'follows' | 'inside' | 'full';

const rules: { readonly [K in OpKind]: Rule } = {
  input: 'full',
  parameter: 'full',
  constant: 'full',
  add: 'follows',
  sub: 'follows',
  mul: 'follows',
  neg: 'follows',
  relu: 'follows',
  stopGradient: 'follows',
  sigmoid: 'follows',
  tanh: 'follows',
  silu: 'follows',
  quickGelu: 'follows',
  gelu: 'follows',
  siluGradient: 'inside',
  geluGradient: 'inside',
  div: 'full',
  exp: 'full',
  log: 'full',
  sqrt: 'full',
  reciprocal: 'full',
  erf: 'full',
  sin: 'full',
  cos: 'full',
  matmul: 'half',
  linear: 'half',
  conv2d: 'half',
  conv2dInputGradient: 'half',
  conv2dWeightGradient: 'half',
  attention: 'half',
  attentionGradient: 'half',
  maxPool2d: 'follows',
  averagePool2d: 'follows',
  upsampleNearest: 'follows',
  reshape: 'follows',
  transpose: 'follows',
  broadcastTo: 'follows',
  concat: 'follows',
  slice: 'follows',
  pad: 'follows',
  gather: 'follows',
  scatterAdd: 'full',
  reduceSum: 'full',
  reduceMean: 'full',
  reduceMax: 'full',
  softmax: 'inside',
  standardize: 'inside',
  standardizeGradient: 'inside',
};

/** The precision of a node's operands, of its first result, and of its additional results. */
export interface NodePrecision {
  readonly operands: FloatPrecision;
  readonly result: FloatPrecision;
  /** Precision of the additional results: float32 for statistics of normalizations, that of the first result for several gradients. */
  readonly further: FloatPrecision;
}

/** Decides the precision of each node, visited in the graph's order. */
export class MixedPrecision {
  readonly #half = new Set<number>();
  /** Ids of weights, single numbers and values that only move them. Like torch's scalars, they adapt to the other operands. */
  readonly #adapting = new Set<number>();
  /** Ids of additional results that are float32 for every reader. */
  readonly #statistics = new Set<number>();
  readonly #normalizesHalf: boolean;

  /** `normalizesHalf`: as in Lowering. */
  constructor(normalizesHalf = false) {
    this.#normalizesHalf = normalizesHalf;
  }

  of(node: OpNode): NodePrecision {
    const { kind, inputs } = node;
    const [output] = node.outputs;
    const rule = rules[kind];
    const decisive = inputs.filter((input) => input.dtype === 'float32' && !this.#adapts(input) && !this.#isStatistic(input, rule));
    const allHalf = decisive.length > 0 && decisive.every((input) => this.#half.has(input.id));
    if (kind === 'parameter' || (rule === 'follows' && decisive.length === 0)) this.#adapting.add(output.id);
    const isHalf = output.dtype === 'float32' && (rule === 'half' || (allHalf && rule !== 'full'));
    const further = rule === 'inside' || !isHalf ? 'float32' : 'float16';
    if (isHalf) this.#half.add(output.id);
    node.outputs.slice(1).forEach(({ id }) => (further === 'float16' ? this.#half : this.#statistics).add(id));
    const result = isHalf ? 'float16' : 'float32';
    return { operands: rule === 'inside' && !this.#normalizesHalf ? 'float32' : result, result, further };
  }

  #isStatistic({ id }: Tensor, rule: Rule): boolean {
    return rule === 'inside' && this.#statistics.has(id);
  }

  #adapts(tensor: Tensor): boolean {
    return this.#adapting.has(tensor.id) || elementCount(tensor.shape) === 1;
  }
}
