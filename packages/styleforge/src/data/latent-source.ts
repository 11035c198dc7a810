// Images as latents: posterior means and deviations from the frozen encoder, stored if the crop never changes.
import { type Graph } from '@styleforge/autodiff';
import { type DiffusionModel, type ImageGeometry, ModelPrograms, type WeightSource } from '@styleforge/diffusion';
import { type DeviceName } from '@styleforge/runtime';
import { type Size } from './buckets.ts';
import {
  type Crop,
  cropOf,
  type CropOptions,
  fitsExactly,
  geometryOf,
  type SourceImage,
  toLatentMask,
  toPixelValues,
} from './image-source.ts';

export interface PosteriorMoments {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

export interface LatentSourceOptions extends Omit<CropOptions, 'resolution'> {
  readonly model: Pick<DiffusionModel, 'vae' | 'latentFactor'>;
  readonly weights: WeightSource;
  /** Device of the encoder. */
  readonly device?: DeviceName | undefined;
  readonly seed: number;
}

export class LatentSource {
  readonly #options: LatentSourceOptions;
  readonly #programs: ModelPrograms;
  /** Stored moments of upright and mirrored images. */
  readonly #kept = [new Map<SourceImage, PosteriorMoments>(), new Map<SourceImage, PosteriorMoments>()];

  constructor(options: LatentSourceOptions) {
    this.#options = options;
    this.#programs = new ModelPrograms(options.weights, { device: options.device }, 1);
  }

  /** [channels, height, width] of the latents of an image cropped to this size. */
  shapeOf([height, width]: Size): readonly [number, number, number] {
    const { downsamplingFactor: factor, config } = this.#options.model.vae;
    return [config.latent_channels, height / factor, width / factor];
  }

  /** The crop of the image that belongs to (step, index). */
  cropOf(image: SourceImage, key: { step: number; index: number }): Crop {
    return cropOf(image, { ...this.#options, resolution: image.size }, { seed: this.#options.seed, ...key });
  }

  /** The model's size and crop inputs for this crop. */
  geometryOf(image: SourceImage, part: Crop): ImageGeometry {
    return geometryOf(image, part);
  }

  /** Weight of each latent of the image under this crop, [height, width]. */
  maskOf(image: SourceImage, part: Crop, least: number): Float32Array {
    return toLatentMask(image, part, { factor: this.#options.model.vae.downsamplingFactor, least });
  }

  async moments(image: SourceImage, part: Crop): Promise<PosteriorMoments> {
    const { crop } = this.#options;
    const kept = this.#kept[Number(part.flipped)];
    const known = kept.get(image);
    if (known) return known;
    const moments = await this.#encode(toPixelValues(image, image.size, part), image.size);
    if (fitsExactly(image) || crop === 'center') kept.set(image, moments);
    return moments;
  }

  async #encode(pixels: Float32Array, [height, width]: Size): Promise<PosteriorMoments> {
    const { vae } = this.#options.model;
    const program = await this.#programs.program(`encode ${height}x${width}`, (graph: Graph) => {
      const { mean, logvar } = vae.encode(graph, graph.input('pixels', [1, vae.config.in_channels, height, width]));
      return { mean, deviation: graph.exp(graph.mul(logvar, 0.5)) };
    });
    const { mean, deviation } = await program.run({ pixels });
    return { mean, deviation };
  }

  /** latentFactor * (mean + deviation * noise), or latentFactor * mean without noise, written to `target` at `offset`. */
  sampleInto(target: Float32Array, offset: number, { mean, deviation }: PosteriorMoments, noise: Float32Array | null): void {
    const scale = this.#options.model.latentFactor;
    if (noise === null) for (let i = 0; i < mean.length; i++) target[offset + i] = mean[i] * scale;
    else
      for (let i = 0; i < mean.length; i++)
        target[offset + i] = Math.fround(mean[i] + Math.fround(deviation[i] * noise[offset + i])) * scale;
  }

  release(): Promise<void> {
    return this.#programs.release();
  }
}
