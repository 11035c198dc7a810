// The ONNX model of one float64 matrix product, for matrices of any size.
import { ModelBuilder } from './model-builder.ts';

export interface GemmModelOptions {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Factor of the product. */
  readonly alpha: number;
  /** Whether a third matrix, `c`, is added to the product. */
  readonly addsC: boolean;
}

/** The ONNX bytes of y = alpha a b (+ c), with `a` and `b` transposed on request. Inputs are `a`, `b` and, with `addsC`, `c`. */
export function gemmModel({ transposeA, transposeB, alpha, addsC }: GemmModelOptions): Uint8Array {
  const builder = new ModelBuilder({ hidesShapes: true });
  const inputs = addsC ? ['a', 'b', 'c'] : ['a', 'b'];
  for (const name of inputs) builder.input(name, 'float64', [0, 0]);
  const product = builder.node('Gemm', inputs, { attributes: { transA: BigInt(transposeA), transB: BigInt(transposeB), alpha } });
  builder.exportAs(product, 'y', 'float64', [0, 0]);
  return builder.build();
}
