// Float64 matrix products through onnxruntime, for the linear algebra of the metrics.
import { gemmModel } from '@styleforge/onnx';
import ort from 'onnxruntime-node';
import { createSession, runInto } from './programs/session.ts';

/** Row-major. */
export interface Matrix {
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

export interface GemmOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Factor of the product: 1 when left out. */
  readonly alpha?: number;
  /** Added to the product in place. */
  readonly addTo?: Matrix;
}

const sessions = new Map<string, Promise<ort.InferenceSession>>();

function session(transposeA: boolean, transposeB: boolean, alpha: number, addsC: boolean): Promise<ort.InferenceSession> {
  const key = [transposeA, transposeB, alpha, addsC].join();
  let created = sessions.get(key);
  if (!created) {
    const model = gemmModel({ transposeA, transposeB, alpha, addsC });
    // linear algebra alternates with work in JavaScript: threads that wait for the next product must not spin
    created = createSession(model, {}, { extra: { session: { intra_op: { allow_spinning: '0' } } } });
    sessions.set(key, created);
  }
  return created;
}

const tensor = ({ data, rows, columns }: Matrix): ort.Tensor => new ort.Tensor('float64', data, [rows, columns]);

/** alpha A B, with A or B transposed on request, or `addTo` with that added. */
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
  const feeds = { a: tensor(a), b: tensor(b), ...(addTo && { c: tensor(addTo) }) };
  await runInto(await session(transposeA, transposeB, alpha, addTo !== undefined), feeds, { y: tensor(result) });
  return result;
}
