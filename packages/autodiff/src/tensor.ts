// Typed values of the graph: element types, static shapes and the errors that name what does not fit.

export type DType = 'float32' | 'int32';
export type Shape = readonly number[];

/** A value in a graph. Shapes are static: every dimension is known while the graph is built. */
export interface Tensor {
  readonly id: number;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Thrown when operands do not fit an operation, while the graph is built. */
export class ShapeError extends Error {
  override name = 'ShapeError';
}

export function elementCount(shape: Shape): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, i) => dimension === b[i]);
}

/** NumPy broadcasting of two shapes. */
export function broadcastShapes(a: Shape, b: Shape, context: string): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new ShapeError(`${context}: [${a}] and [${b}] do not broadcast`);
    }
    return left === 1 ? right : left;
  });
}

/** Converts negative axes, which count from the end. */
export function normalizeAxis(axis: number, rank: number, context: string): number {
  const normalized = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(normalized) || normalized < 0 || normalized >= rank) {
    throw new ShapeError(`${context}: axis ${axis} is outside rank ${rank}`);
  }
  return normalized;
}
