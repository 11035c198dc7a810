// Betas and their cumulative products, rounded to float32 like torch's, so that they equal the reference.
import type { NoiseScheduleConfig } from './scheduler-config.ts';

const { fround } = Math;

/** torch.linspace in float32: it counts from both ends, so that the values are symmetric. */
function linspace(start: number, end: number, count: number): Float32Array {
  const first = fround(start);
  const last = fround(end);
  const step = fround(fround(last - first) / (count - 1));
  return Float32Array.from({ length: count }, (_, i) => {
    if (count === 1) return first;
    return i < count >> 1 ? first + step * i : last - step * (count - 1 - i);
  });
}

/** Nichol and Dhariwal's cosine schedule (arXiv 2102.09672, equation 17). */
function squaredCosine(count: number): Float32Array {
  const alphaBar = (t: number) => Math.cos(((t + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
  return Float32Array.from({ length: count }, (_, i) => Math.min(1 - alphaBar((i + 1) / count) / alphaBar(i / count), 0.999));
}

function cumulativeProduct(factors: Float32Array): Float32Array {
  let product = 1;
  return factors.map((factor) => (product *= factor));
}

/** Betas shifted so that the last step is pure noise (arXiv 2305.08891, algorithm 1). */
function rescaleToZeroTerminalSnr(betas: Float32Array): Float32Array {
  const roots = cumulativeProduct(betas.map((beta) => 1 - beta)).map(Math.sqrt);
  const first = roots[0]!;
  const last = roots.at(-1)!;
  const scale = fround(first / fround(first - last));
  const alphaBars = roots.map((root) => fround(fround(root - last) * scale) ** 2);
  return alphaBars.map((alphaBar, i) => 1 - (i === 0 ? alphaBar : fround(alphaBar / alphaBars[i - 1]!)));
}

function unscaledBetas(config: NoiseScheduleConfig): Float32Array {
  const { beta_start: start, beta_end: end, num_train_timesteps: count } = config;
  if (config.trained_betas) return Float32Array.from(config.trained_betas);
  switch (config.beta_schedule) {
    case 'linear':
      return linspace(start, end, count);
    case 'scaled_linear':
      return linspace(Math.sqrt(start), Math.sqrt(end), count).map((root) => root * root);
    case 'squaredcos_cap_v2':
      return squaredCosine(count);
  }
}

export function alphasCumprod(config: NoiseScheduleConfig): Float32Array {
  const betas = unscaledBetas(config);
  const used = config.rescale_betas_zero_snr ? rescaleToZeroTerminalSnr(betas) : betas;
  return cumulativeProduct(used.map((beta) => 1 - beta));
}
