// Fréchet inception distance: |mu1 - mu2|^2 + Tr(S1 + S2 - 2 (S1 S2)^1/2), in float64, covariances with n - 1.
import { gemm, type Matrix } from '@styleforge/runtime';
import { requireComparable, type Features } from './features.ts';
import { choleskyFactor, nuclearNorm } from '../linear-algebra/linear-algebra.ts';
import { matrix } from '../linear-algebra/matrices.ts';
import { momentsOf } from './moments.ts';

/** The facts about one set that FID needs. */
export interface Distribution {
  readonly mean: Float64Array;
  /** F with transpose(F) F = covariance; it has no more rows than there are images or dimensions. */
  readonly factor: Matrix;
  readonly variance: number;
}

/** Deviations of the sampled rows from the mean, scaled. */
function deviations({ data, dimension }: Features, counts: ArrayLike<number>, drawn: readonly number[]): Distribution {
  const total = drawn.reduce((sum, row) => sum + counts[row], 0);
  const mean = new Float64Array(dimension);
  for (const row of drawn) for (let i = 0; i < dimension; i++) mean[i] += (counts[row] / total) * data[row * dimension + i];
  const factor = matrix(drawn.length, dimension);
  let variance = 0;
  for (const [at, row] of drawn.entries()) {
    const scale = Math.sqrt(counts[row] / (total - 1));
    for (let i = 0; i < dimension; i++) {
      const value = scale * (data[row * dimension + i] - mean[i]);
      factor.data[at * dimension + i] = value;
      variance += value * value;
    }
  }
  return { mean, factor, variance };
}

/** Computes a distribution. `counts`: how often each image was sampled (bootstrap). Default: once. */
export async function distributionOf(set: Features, counts?: ArrayLike<number>): Promise<Distribution> {
  const drawn = Array.from({ length: set.count }, (_, row) => row).filter((row) => (counts?.[row] ?? 1) > 0);
  if (drawn.length <= set.dimension) return deviations(set, counts ?? new Float64Array(set.count).fill(1), drawn);
  const { mean, covariance } = (counts ? undefined : set.moments) ?? (await momentsOf(set, counts));
  let variance = 0;
  for (let i = 0; i < set.dimension; i++) variance += covariance.data[i * set.dimension + i];
  return { mean, factor: await choleskyFactor(covariance), variance };
}

/** Tr (S1 S2)^1/2 with S1 = transpose(F) F and S2 = transpose(G) G equals the sum of the singular values of F transpose(G). */
export async function distanceBetween(a: Distribution, b: Distribution): Promise<number> {
  const offset = a.mean.reduce((sum, value, i) => sum + (value - b.mean[i]) ** 2, 0);
  const overlap = await nuclearNorm(await gemm(a.factor, b.factor, { transposeB: true }));
  // rounding could make the distance of equal sets negative
  return Math.max(0, offset + a.variance + b.variance - 2 * overlap);
}

export async function frechetDistance(a: Features, b: Features): Promise<number> {
  requireComparable(a, b, 2);
  return distanceBetween(await distributionOf(a), await distributionOf(b));
}
