// Images as latents: posterior means and deviations through the frozen encoder, kept where the crop never changes.
import { elementCount, Graph } from '@styleforge/autodiff';
import { type DiffusionModel, type ImageGeometry, ModelPrograms, type WeightSource } from '@styleforge/diffusion';
import { type DeviceName } from '@styleforge/runtime';
import { type Crop, cropOf, geometryOf, isSquare, toPixelValues, type CropOptions, type SourceImage } from './image-source.ts';

export interface PosteriorMoments {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

export interface LatentSourceOptions extends CropOptions {
  readonly model: Pick<DiffusionModel, 'vae' | 'latentFactor'>;
  readonly weights: WeightSource;
  /** Where the encoder computes. */
  readonly device?: DeviceName | undefined;
  readonly seed: number;
}

export class LatentSource {
  /** [channels, height, width] of one image's latents. */
  readonly shape: readonly [number, number, number];
  readonly #options: LatentSourceOptions;
  readonly #programs: ModelPrograms;
  /** Upright and mirrored. */
  readonly #kept = [new Map<SourceImage, PosteriorMoments>(), new Map<SourceImage, PosteriorMoments>()];

  constructor(options: LatentSourceOptions) {
    this.#options = options;
    this.#programs = new ModelPrograms(options.weights, { device: options.device }, 1);
    const { vae } = options.model;
    const size = options.resolution / vae.downsamplingFactor;
    this.shape = [vae.config.latent_channels, size, size];
  }

  /** The crop of the image that belongs to (step, index). */
  cropOf(image: SourceImage, key: { step: number; index: number }): Crop {
    return cropOf(image, this.#options, { seed: this.#options.seed, ...key });
  }

  /** What the model is told of the image under this crop. */
  geometryOf(image: SourceImage, part: Crop): ImageGeometry {
    return geometryOf(image, this.#options.resolution, part);
  }

  async moments(image: SourceImage, part: Crop): Promise<PosteriorMoments> {
    const { resolution, crop } = this.#options;
    const kept = this.#kept[Number(part.flipped)];
    const known = kept.get(image);
    if (known) return known;
    const moments = await this.#encode(toPixelValues(image, resolution, part));
    if (isSquare(image) || crop === 'center') kept.set(image, moments);
    return moments;
  }

  async #encode(pixels: Float32Array): Promise<PosteriorMoments> {
    const {
      model: { vae },
      resolution,
    } = this.#options;
    const program = await this.#programs.program('encode', (graph: Graph) => {
      const { mean, logvar } = vae.encode(graph, graph.input('pixels', [1, vae.config.in_channels, resolution, resolution]));
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

  get elements(): number {
    return elementCount(this.shape);
  }

  release(): Promise<void> {
    return this.#programs.release();
  }
}
