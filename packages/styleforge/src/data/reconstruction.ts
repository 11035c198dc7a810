// How well the base model's autoencoder reproduces the StyleRef images. What it loses, training cannot restore.
import { median } from '@styleforge/contracts';
import { type DiffusionModel, ModelPrograms, type WeightSource } from '@styleforge/diffusion';
import { type DeviceName } from '@styleforge/runtime';
import { cropOf, type SourceImage, toPixelValues } from './image-source.ts';

/** Number of measured images, enough to judge a style at little cost. */
const MOST_IMAGES = 4;
/** Only the center of larger images is measured, because an autoencoder is convolutional. */
const LARGEST_SIDE = 256;

export interface Reconstruction {
  /** Median peak signal-to-noise ratio in dB. */
  readonly psnr: number;
  readonly images: number;
}

export interface ReconstructionOptions {
  readonly model: Pick<DiffusionModel, 'vae'>;
  readonly weights: WeightSource;
  readonly device?: DeviceName | undefined;
  readonly resolution: number;
}

/** Encodes and decodes up to four of the images, chosen at equal distances. */
export async function measureReconstruction(images: readonly SourceImage[], options: ReconstructionOptions): Promise<Reconstruction> {
  const { model, weights, device, resolution } = options;
  const count = Math.min(MOST_IMAGES, images.length);
  const chosen = Array.from({ length: count }, (_, i) => images[Math.floor((i * images.length) / count)]);
  const side = Math.min(resolution, LARGEST_SIDE, ...chosen.flatMap(({ size }) => size));
  const programs = new ModelPrograms(weights, { device }, 1);
  try {
    const autoencoder = await programs.program('encode and decode', (graph) => {
      const pixels = graph.input('pixels', [1, model.vae.config.in_channels, side, side]);
      return { pixels: model.vae.decode(graph, model.vae.encode(graph, pixels).mean) };
    });
    const values: number[] = [];
    for (const image of chosen) {
      const center = cropOf(image, { resolution: side, crop: 'center', randomFlip: false }, { seed: 0, step: 0, index: 0 });
      const original = toPixelValues(image, side, center);
      const { pixels } = await autoencoder.run({ pixels: original });
      values.push(psnr(original, pixels));
    }
    return { psnr: median(values), images: count };
  } finally {
    await programs.release();
  }
}

/** The ratio for pixel values from -1 to 1, whose peak is 2. Values that are not finite count as 0 dB. */
function psnr(original: Float32Array, returned: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < original.length; i++) sum += (original[i] - Math.max(-1, Math.min(1, returned[i]))) ** 2;
  return Number.isFinite(sum) ? 10 * Math.log10(4 / Math.max(sum / original.length, 1e-10)) : 0;
}
