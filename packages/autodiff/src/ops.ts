// The closed list of operations. Shape rules, gradient rules and ONNX emitters are tables typed over it:
// an operation without its entry in each of them does not compile.

export type None = Record<string, never>;

export interface Conv2dAttributes {
  /** [height, width] */
  readonly strides: readonly [number, number];
  /** [top, left, bottom, right] */
  readonly pads: readonly [number, number, number, number];
}

export interface Pool2dAttributes extends Conv2dAttributes {
  /** [height, width] */
  readonly kernel: readonly [number, number];
}

export interface AttentionAttributes {
  readonly heads: number;
  readonly scale: number;
}

/** Attributes of every operation, with its operands in the comment. */
export interface OpAttributes {
  /** () -> a value that is set for each run */
  input: { readonly name: string };
  /** () -> a trainable or frozen weight, read from a parameter buffer */
  parameter: { readonly name: string };
  /** () -> a value stored in the graph */
  constant: { readonly data: Float32Array | Int32Array };

  add: None;
  sub: None;
  mul: None;
  div: None;
  neg: None;
  exp: None;
  log: None;
  sqrt: None;
  reciprocal: None;
  sigmoid: None;
  tanh: None;
  erf: None;
  sin: None;
  cos: None;
  relu: None;
  /** x * sigmoid(x) */
  silu: None;
  /** x * sigmoid(1.702 x) */
  quickGelu: None;
  /** x/2 * (1 + erf(x / sqrt 2)) */
  gelu: None;
  /** (x, y = silu(x), dy) -> dx */
  siluGradient: None;
  /** (x, dy) -> dx */
  geluGradient: None;
  /** identity, with no gradient */
  stopGradient: None;

  /** (a, b) -> alpha * a' @ b'; leading dimensions broadcast */
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean; readonly alpha: number };
  /** (x [..., in], weight [out, in], bias? [out]) -> [..., out] */
  linear: None;
  /** (x [n, c, h, w], weight [o, c, kh, kw], bias? [o]) -> [n, o, h', w'] */
  conv2d: Conv2dAttributes;
  /** (dy [n, o, h', w'], weight [o, c, kh, kw]) -> dx of inputShape */
  conv2dInputGradient: Conv2dAttributes & { readonly inputShape: readonly number[] };
  /** (x, dy) -> dweight [o, c * kh * kw] */
  conv2dWeightGradient: Conv2dAttributes & { readonly kernel: readonly [number, number] };
  /** largest value of each window of [n, c, h, w]; padding does not count */
  maxPool2d: Pool2dAttributes;
  /** mean of each window of [n, c, h, w]; padding is not counted */
  averagePool2d: Pool2dAttributes;
  /** nearest-neighbor enlargement of [n, c, h, w] by whole factors */
  upsampleNearest: { readonly scale: readonly [number, number] };

  reshape: { readonly shape: readonly number[] };
  transpose: { readonly permutation: readonly number[] };
  broadcastTo: { readonly shape: readonly number[] };
  /** (first, ...rest) joined along axis */
  concat: { readonly axis: number };
  slice: { readonly axis: number; readonly start: number; readonly end: number };
  /** zeros before and after, one pair of counts per axis */
  pad: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** (table [n, ...], indices int32 [...]) -> rows */
  gather: None;
  /** (updates [...indices, ...row], indices int32) -> [rows, ...row], summed where indices repeat */
  scatterAdd: { readonly rows: number };

  reduceSum: { readonly axes: readonly number[]; readonly keepDimensions: boolean };
  reduceMean: { readonly axes: readonly number[]; readonly keepDimensions: boolean };
  reduceMax: { readonly axes: readonly number[]; readonly keepDimensions: boolean };
  /** over the last axis */
  softmax: None;
  /**
   * (q [batch, queries, heads * d], k [batch, keys, heads * d], v like k) -> softmax(scale q k') v for each head.
   * The scores of all heads are never in memory together.
   */
  attention: AttentionAttributes;
  /** (q, k, v, output, dy) -> dq, dk, dv: the gradients of attention's operands from its output and the gradient of its output */
  attentionGradient: AttentionAttributes;
  /** over the last axis: (x - mean) r, and r = 1 / sqrt(variance + epsilon); the axis keeps size 1 */
  standardize: { readonly epsilon: number };
  /** (y, r, dy) -> dx, from the results of standardize */
  standardizeGradient: None;
}

export type OpKind = keyof OpAttributes;
