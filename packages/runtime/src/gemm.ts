// Float64 matrix products through onnxruntime, for the linear algebra of the metrics.
import { gemmModel } from '@styleforge/onnx';
import { Binding, type NativeSession } from './native/session.ts';
import { valueOver } from './native/values.ts';
import { threadConfig } from './native/threads.ts';
import { processorSession } from './programs/session.ts';

/** A row-major matrix. */
export interface Matrix {
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

export interface GemmOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Factor of the product. Default: 1. */
  readonly alpha?: number;
  /** A matrix to which the product is added in place. */
  readonly addTo?: Matrix;
}

const sessions = new Map<string, NativeSession>();

function session(transposeA: boolean, transposeB: boolean, alpha: number, addsC: boolean): NativeSession {
  const key = [transposeA, transposeB, alpha, addsC].join();
  let created = sessions.get(key);
  if (!created) {
    const model = gemmModel({ transposeA, transposeB, alpha, addsC });
    // Linear algebra alternates with work in JavaScript, so threads that wait for the next product must not spin
    created = processorSession(model, { config: threadConfig({ allow_spinning: '0' }) });
    sessions.set(key, created);
  }
  return created;
}

function run(product: NativeSession, operands: Readonly<Record<string, Matrix>>, result: Matrix): void {
  const value = ({ data, rows, columns }: Matrix) => valueOver(product.environment, data, [rows, columns]);
  const binding = new Binding(product);
  try {
    for (const [name, matrix] of Object.entries(operands)) binding.input(name, value(matrix), matrix.data);
    binding.output('y', value(result), result.data);
    binding.run();
  } finally {
    binding.release();
  }
}

/** Returns alpha A B, with A or B transposed on request. With `addTo`, adds the product to that matrix and returns it. */
export async function gemm(
  a: Matrix,
  b: Matrix,
  { transposeA = false, transposeB = false, alpha = 1, addTo }: GemmOptions = {},
): Promise<Matrix> {
  const [rows, innerA] = transposeA ? [a.columns, a.rows] : [a.rows, a.columns];
  const [innerB, columns] = transposeB ? [b.columns, b.rows] : [b.rows, b.columns];
  if (innerA !== innerB || (addTo && (addTo.rows !== rows || addTo.columns !== columns))) {
    throw new RangeError(`matrices of ${a.rows} x ${a.columns} and ${b.rows} x ${b.columns} do not fit for this product`);
  }
  const result = addTo ?? { data: new Float64Array(rows * columns), rows, columns };
  if (result.data.length === 0 || innerA === 0) return result;
  run(session(transposeA, transposeB, alpha, addTo !== undefined), { a, b, ...(addTo && { c: addTo }) }, result);
  return result;
}
