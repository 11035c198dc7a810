// The time embedding of a U-Net: sinusoids computed on the host, then a small network in the graph.
import { type Tensor } from '@styleforge/autodiff';
import { type Activation } from '@styleforge/model-files';
import { activate, linear } from './layers.ts';
import { type Scope } from './scope.ts';

export interface TimestepEmbeddingConfig {
  readonly block_out_channels: readonly number[];
  readonly flip_sin_to_cos: boolean;
  readonly freq_shift: number;
}

/**
 * Sinusoids [n, block_out_channels[0]], with each step rounded to float32 like the reference. They are an input instead of
 * part of the graph, because the sine of a large argument is imprecise on some devices.
 */
export function timestepEmbedding(timesteps: ArrayLike<number>, config: TimestepEmbeddingConfig): Float32Array {
  const size = config.block_out_channels[0];
  const half = Math.floor(size / 2);
  const { fround } = Math;
  const maxPeriod = 10_000;
  const negativeLog = fround(-Math.log(maxPeriod));
  const divisor = fround(half - config.freq_shift);
  const result = new Float32Array(timesteps.length * size);
  for (let i = 0; i < half; i++) {
    const frequency = fround(Math.exp(fround(fround(negativeLog * i) / divisor)));
    const sineAt = config.flip_sin_to_cos ? half + i : i;
    const cosineAt = config.flip_sin_to_cos ? i : half + i;
    for (let n = 0; n < timesteps.length; n++) {
      const angle = fround(fround(timesteps[n]) * frequency);
      result[n * size + sineAt] = Math.sin(angle);
      result[n * size + cosineAt] = Math.cos(angle);
    }
  }
  return result;
}

export interface TimeEmbeddingNetworkOptions {
  readonly features: number;
  readonly activation: Activation;
  readonly postActivation: Activation | null;
}

export function timeEmbeddingNetwork(scope: Scope, sinusoids: Tensor, options: TimeEmbeddingNetworkOptions): Tensor {
  const hidden = activate(scope, linear(scope.child('linear_1'), sinusoids, options.features), options.activation);
  const embedding = linear(scope.child('linear_2'), hidden, options.features);
  return options.postActivation ? activate(scope, embedding, options.postActivation) : embedding;
}
