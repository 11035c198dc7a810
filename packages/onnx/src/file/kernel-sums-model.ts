// The ONNX model of KID's kernel between two sets of rows in float32, summed along each row of the first.
import { ModelBuilder } from './model-builder.ts';

/**
 * The ONNX bytes of a model with inputs `a` [n, dimension] and `b` [m, dimension] and output `y` [n]: sums over the rows of b of (a.b /
 * dimension + 1)^3 (arXiv 1801.01401). The values of the kernel never leave the session.
 */
export function kernelSumsModel(dimension: number): Uint8Array {
  const builder = new ModelBuilder({ hidesShapes: true });
  for (const name of ['a', 'b']) builder.input(name, 'float32', [0, 0]);
  const one = builder.initializer(Float32Array.of(1), [1]);
  const base = builder.node('Gemm', ['a', 'b', one], { attributes: { transB: 1n, alpha: 1 / dimension } });
  const cubed = builder.node('Mul', [builder.node('Mul', [base, base]), base]);
  const sums = builder.node('ReduceSum', [cubed, builder.integers([1])], { attributes: { keepdims: 0n } });
  builder.exportAs(sums, 'y', 'float32', [0]);
  return builder.build();
}
