// Noise levels in the variance-exploding form, sigma = sqrt((1 - abar) / abar), and the schedules built on them.
import { linspace } from './spacing.ts';

const { fround } = Math;

/** Sigmas in ascending order of the timestep, rounded like torch's. */
export function trainingSigmas(alphasCumprod: Float32Array): Float32Array {
  return alphasCumprod.map((alphaBar) => Math.sqrt(fround(fround(1 - alphaBar) / alphaBar)));
}

export function interpolate(position: number, values: Float32Array): number {
  const low = Math.min(Math.max(Math.floor(position), 0), values.length - 1);
  const high = Math.min(low + 1, values.length - 1);
  return values[low]! + Math.min(Math.max(position - low, 0), 1) * (values[high]! - values[low]!);
}

/** The fractional timestep of a sigma, by linear interpolation between logarithms. */
export function timestepOfSigma(sigma: number, logSigmas: Float32Array): number {
  const logSigma = Math.log(Math.max(sigma, 1e-10));
  let low = 0;
  for (let i = 0; i < logSigmas.length; i++) if (logSigmas[i]! <= logSigma) low = i;
  low = Math.min(low, logSigmas.length - 2);
  const below = logSigmas[low]!;
  const above = logSigmas[low + 1]!;
  const weight = Math.min(Math.max((below - logSigma) / (below - above), 0), 1);
  return (1 - weight) * low + weight * (low + 1);
}

/** Karras sigmas (arXiv 2206.00364, equation 5, with rho 7). */
export function karrasSigmas(sigmaMax: number, sigmaMin: number, steps: number): number[] {
  const rho = 7;
  const most = sigmaMax ** (1 / rho);
  const least = sigmaMin ** (1 / rho);
  return linspace(0, 1, steps).map((ramp) => (most + ramp * (least - most)) ** rho);
}

export function exponentialSigmas(sigmaMax: number, sigmaMin: number, steps: number): number[] {
  return linspace(Math.log(sigmaMax), Math.log(sigmaMin), steps).map(Math.exp);
}

/** Signal and noise scale of the variance-preserving form, and half the logarithm of their squared ratio. */
export function signalAndNoise(sigma: number): { alpha: number; sigma: number; lambda: number } {
  const alpha = fround(1 / fround(Math.sqrt(fround(fround(sigma * sigma) + 1))));
  const noise = fround(sigma * alpha);
  return { alpha, sigma: noise, lambda: fround(fround(Math.log(alpha)) - fround(Math.log(noise))) };
}
