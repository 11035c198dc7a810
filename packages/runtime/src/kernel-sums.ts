// KID's kernel in float32 through onnxruntime: sums of (a.b / d + 1)^3, without keeping the values.
import { kernelSumsModel } from '@styleforge/onnx';
import { Binding, type NativeSession } from './native/session.ts';
import { valueOver } from './native/values.ts';
import { processorSession } from './programs/session.ts';

const sessions = new Map<number, NativeSession>();

/** Sums of KID's kernel over all rows of `b`, one for each row of `a`. Both are row-major with `dimension` columns. */
export function kernelSums(a: Float32Array, b: Float32Array, dimension: number): Float32Array {
  let session = sessions.get(dimension);
  if (session === undefined) sessions.set(dimension, (session = processorSession(kernelSumsModel(dimension))));
  const { environment } = session;
  const sums = new Float32Array(a.length / dimension);
  const binding = new Binding(session);
  try {
    binding.input('a', valueOver(environment, a, [sums.length, dimension]), a);
    binding.input('b', valueOver(environment, b, [b.length / dimension, dimension]), b);
    binding.output('y', valueOver(environment, sums, [sums.length]), sums);
    binding.run();
  } finally {
    binding.release();
  }
  return sums;
}
