// Fréchet inception distance: |mu1 - mu2|^2 + Tr(S1 + S2 - 2 (S1 S2)^1/2), in float64, covariances with n - 1.
import { gemm, type Matrix } from '@styleforge/runtime';
import { requireComparable, type Features } from './features.ts';
import { choleskyFactor, nuclearNorm } from '../linear-algebra/linear-algebra.ts';
import { symmetricEigenvalues } from '../linear-algebra/symmetric-eigenvalues.ts';
import { matrix } from '../linear-algebra/matrices.ts';
import { momentsOf } from './moments.ts';

/** The facts about one set that FID needs. */
export interface Distribution {
  readonly mean: Float64Array;
  /** F with transpose(F) F = covariance; it has no more rows than there are images or dimensions. */
  factor(): Promise<Matrix>;
  /** Present for sets of more images than dimensions. */
  readonly covariance?: Matrix;
  readonly variance: number;
}

/** Largest error of Tr (S1 S2)^1/2 by eigenvalues, as a part of the traces of both covariances. */
const NEGLIGIBLE = 1e-8;

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
  return { mean, factor: async () => factor, variance };
}

/** Computes a distribution. `counts`: how often each image was sampled (bootstrap). Default: once. */
export async function distributionOf(set: Features, counts?: ArrayLike<number>): Promise<Distribution> {
  const drawn = Array.from({ length: set.count }, (_, row) => row).filter((row) => (counts?.[row] ?? 1) > 0);
  if (drawn.length <= set.dimension) return deviations(set, counts ?? new Float64Array(set.count).fill(1), drawn);
  const { mean, covariance } = (counts ? undefined : set.moments) ?? (await momentsOf(set, counts));
  let variance = 0;
  for (let i = 0; i < set.dimension; i++) variance += covariance.data[i * set.dimension + i];
  return { mean, factor: () => choleskyFactor(covariance), covariance, variance };
}

/**
 * Tr (S1 S2)^1/2 = sum of the roots of the eigenvalues of F S2 transpose(F), with S1 = transpose(F) F. Eigenvalues have errors of a few
 * units in the last place of the largest one, which count for more under the root of a small one. Null where they could add up to more than
 * `most`.
 */
async function overlapByEigenvalues(factor: Matrix, covariance: Matrix, most: number): Promise<number | null> {
  const values = await symmetricEigenvalues(await gemm(await gemm(factor, covariance), factor, { transposeB: true }));
  const rounding = 4 * Number.EPSILON * values.reduce((largest, value) => Math.max(largest, value), 0);
  let [overlap, error] = [0, 0];
  for (const value of values) {
    const root = Math.sqrt(Math.max(0, value));
    overlap += root;
    error += Math.min(Math.sqrt(rounding), rounding / (2 * root));
  }
  return error <= most ? overlap : null;
}

/**
 * Tr (S1 S2)^1/2. Where eigenvalues are too inexact, by the singular values of F transpose(G), with S1 = transpose(F) F and S2 =
 * transpose(G) G.
 */
async function overlapOf(a: Distribution, b: Distribution): Promise<number> {
  const factor = await a.factor();
  const most = NEGLIGIBLE * (a.variance + b.variance);
  const overlap = b.covariance ? await overlapByEigenvalues(factor, b.covariance, most) : null;
  return overlap ?? nuclearNorm(await gemm(factor, await b.factor(), { transposeB: true }));
}

export async function distanceBetween(a: Distribution, b: Distribution): Promise<number> {
  const offset = a.mean.reduce((sum, value, i) => sum + (value - b.mean[i]) ** 2, 0);
  // rounding could make the distance of equal sets negative
  return Math.max(0, offset + a.variance + b.variance - 2 * (await overlapOf(a, b)));
}

export async function frechetDistance(a: Features, b: Features): Promise<number> {
  requireComparable(a, b, 2);
  return distanceBetween(await distributionOf(a), await distributionOf(b));
}
