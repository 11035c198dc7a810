// The training images as latents, encoded once with the trained autoencoder, and the factor that gives them unit variance.
import { graphFor, Program, type ParameterBuffers } from '@styleforge/runtime';
import { IMAGE_SIZE, LATENT_CHANNELS, LATENT_SIZE } from './geometry.ts';
import { newVae, toPlanes, VAE_PREFIX } from './autoencoder.ts';

export const LATENT_ELEMENTS = LATENT_CHANNELS * LATENT_SIZE ** 2;

export interface LatentCache {
  /** One row of LATENT_ELEMENTS per image, in the order of the images. */
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
  /** 1 / standard deviation over all latents (arXiv 2112.10752, appendix G). */
  readonly scalingFactor: number;
}

const BATCH = 16;

/**
 * Gives every latent channel zero mean and unit variance over the given images, by folding the affine map into the
 * autoencoder's own `quant_conv` and its inverse into `post_quant_conv`: what it reconstructs stays the same.
 */
export async function normalizeLatents(images: readonly Uint8Array[], vaeWeights: ParameterBuffers): Promise<void> {
  const { mean } = await encodeLatents(images, vaeWeights);
  const [weight, bias, inverseWeight, inverseBias] = [
    'quant_conv.weight',
    'quant_conv.bias',
    'post_quant_conv.weight',
    'post_quant_conv.bias',
  ].map((name) => vaeWeights.get(VAE_PREFIX + name));
  const [inputs, outputs] = [weight.length / bias.length, inverseBias.length];
  for (let channel = 0; channel < LATENT_CHANNELS; channel++) {
    const { average, deviation } = channelMoments(mean, channel);
    const variance = channel + LATENT_CHANNELS;
    for (let i = 0; i < inputs; i++) weight[channel * inputs + i] /= deviation;
    bias[channel] = (bias[channel] - average) / deviation;
    bias[variance] -= 2 * Math.log(deviation);
    for (let o = 0; o < outputs; o++) {
      const at = o * LATENT_CHANNELS + channel;
      inverseBias[o] += inverseWeight[at] * average;
      inverseWeight[at] *= deviation;
    }
  }
}

function channelMoments(latents: Float32Array, channel: number): { average: number; deviation: number } {
  let [sum, squares, count] = [0, 0, 0];
  for (let row = channel * LATENT_SIZE ** 2; row < latents.length; row += LATENT_ELEMENTS) {
    for (let i = row; i < row + LATENT_SIZE ** 2; i++) {
      sum += latents[i];
      squares += latents[i] ** 2;
      count++;
    }
  }
  const average = sum / count;
  return { average, deviation: Math.sqrt(squares / count - average ** 2) };
}

/** `images`: RGB bytes, IMAGE_SIZE square. */
export async function encodeLatents(images: readonly Uint8Array[], vaeWeights: ParameterBuffers, threads?: number): Promise<LatentCache> {
  const graph = graphFor();
  const { mean, logvar } = newVae().encode(graph, graph.input('pixels', [BATCH, 3, IMAGE_SIZE, IMAGE_SIZE]), VAE_PREFIX);
  const program = await Program.compile(graph, { mean, deviation: graph.exp(graph.mul(logvar, 0.5)) }, { threads });
  program.bind(vaeWeights.entries());
  const count = images.length;
  const result = { mean: new Float32Array(count * LATENT_ELEMENTS), deviation: new Float32Array(count * LATENT_ELEMENTS) };
  const pixels = new Float32Array(BATCH * 3 * IMAGE_SIZE ** 2);
  for (let start = 0; start < count; start += BATCH) {
    const inBatch = Math.min(BATCH, count - start);
    for (let i = 0; i < inBatch; i++) toPlanes(images[start + i], pixels, i * 3 * IMAGE_SIZE ** 2);
    const encoded = await program.run({ pixels });
    for (const name of ['mean', 'deviation'] as const)
      result[name].set(encoded[name].subarray(0, inBatch * LATENT_ELEMENTS), start * LATENT_ELEMENTS);
  }
  await program.release();
  return { ...result, scalingFactor: 1 / deviationOf(result) };
}

function deviationOf({ mean, deviation }: { mean: Float32Array; deviation: Float32Array }): number {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < mean.length; i++) {
    sum += mean[i];
    squares += mean[i] ** 2 + deviation[i] ** 2;
  }
  return Math.sqrt(squares / mean.length - (sum / mean.length) ** 2);
}
