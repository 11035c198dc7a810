// Fréchet inception distance: |mu1 - mu2|^2 + Tr(S1 + S2 - 2 (S1 S2)^1/2), in float64, covariances with n - 1.
import { mean, requireComparable, type Features } from './features.ts';
import { choleskyFactor, matrix, nuclearNorm, timesTransposed, transposed, type Matrix } from './linear-algebra.ts';

interface Distribution {
  mean: Float64Array;
  /** F with transpose(F) F the covariance: no more rows than there are images or dimensions. */
  factor: Matrix;
  variance: number;
}

function centered({ data, count, dimension }: Features, center: Float64Array): Matrix {
  const result = matrix(count, dimension);
  const scale = 1 / Math.sqrt(count - 1);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < dimension; i++) {
      result.data[row * dimension + i] = (data[row * dimension + i]! - center[i]!) * scale;
    }
  }
  return result;
}

function distribution(set: Features): Distribution {
  const center = mean(set);
  const deviations = centered(set, center);
  const variance = deviations.data.reduce((sum, value) => sum + value * value, 0);
  if (set.count <= set.dimension) return { mean: center, factor: deviations, variance };
  const columns = transposed(deviations);
  return { mean: center, factor: choleskyFactor(timesTransposed(columns, columns)), variance };
}

/** Tr (S1 S2)^1/2 with S1 = transpose(F) F and S2 = transpose(G) G is the sum of the singular values of F transpose(G). */
export function frechetDistance(a: Features, b: Features): number {
  requireComparable(a, b, 2);
  const [first, second] = [distribution(a), distribution(b)];
  const offset = first.mean.reduce((sum, value, i) => sum + (value - second.mean[i]!) ** 2, 0);
  const overlap = nuclearNorm(timesTransposed(first.factor, second.factor));
  return offset + first.variance + second.variance - 2 * overlap;
}
