// inception-v3-fid: the features of one layer of FID's Inception, for images of any size.
import { Graph } from '@styleforge/autodiff';
import { Program } from '@styleforge/runtime';
import { openTensors } from '@styleforge/weights';
import { embedInBatches } from './embed-in-batches.ts';
import type { ExtractorConfig, FeatureExtractor, InceptionTap, ResizeRule, RgbImage } from './feature-extractor.ts';
import { inceptionInputSize, inceptionV3, type StoredTensor } from './inception-v3.ts';
import { resizeClean, resizeLegacy, type Pixels } from './resample.ts';

async function readWeights(path: string): Promise<Map<string, StoredTensor>> {
  const reader = await openTensors(path);
  try {
    const weights = new Map<string, StoredTensor>();
    // the classifier and the batch counters are not part of any feature
    const names = reader.names().filter((name) => !name.startsWith('fc.') && !name.endsWith('num_batches_tracked'));
    for (const name of names) weights.set(name, { shape: reader.info(name).shape, data: await reader.read(name) });
    return weights;
  } finally {
    await reader.close();
  }
}

/**
 * Conversion of a byte to the network's input: the pytorch port maps 0..255 to -1..1, the network of `clean` subtracts 128 and divides by
 * 128.
 */
const normalizations: Record<'clean' | 'legacy', (value: number) => number> = {
  clean: (value) => (value - 128) / 128,
  legacy: (value) => (2 * value) / 255 - 1,
};
const resizers: Record<'clean' | 'legacy', (image: RgbImage, width: number, height: number) => Pixels> = {
  clean: resizeClean,
  legacy: resizeLegacy,
};

/** Writes the network's input: planes [3, 299, 299]. */
function inceptionInput(image: RgbImage, rule: 'clean' | 'legacy', target: Float32Array, offset: number): void {
  const { data } = resizers[rule](image, inceptionInputSize, inceptionInputSize);
  const [plane, normalize] = [inceptionInputSize ** 2, normalizations[rule]];
  for (let i = 0; i < data.length; i++) target[offset + (i % 3) * plane + Math.floor(i / 3)] = normalize(data[i]);
}

export class InceptionExtractor implements FeatureExtractor {
  readonly name = 'inception-v3-fid';
  readonly dimension: InceptionTap;
  readonly resize: ResizeRule & ('clean' | 'legacy');
  readonly weightsSha256: string;
  readonly #weights: ReadonlyMap<string, StoredTensor>;
  readonly #threads: number | undefined;
  readonly #programs = new Map<number, Promise<Program<'features'>>>();

  private constructor(
    weights: ReadonlyMap<string, StoredTensor>,
    weightsSha256: string,
    { resize = 'clean', tap = 2048, threads }: ExtractorConfig,
  ) {
    this.#weights = weights;
    this.weightsSha256 = weightsSha256;
    this.resize = resize;
    this.dimension = tap;
    this.#threads = threads;
  }

  static async open(path: string, sha256: string, config: ExtractorConfig): Promise<InceptionExtractor> {
    return new InceptionExtractor(await readWeights(path), sha256, config);
  }

  embedImages(
    images: Iterable<RgbImage> | AsyncIterable<RgbImage>,
    options: Parameters<FeatureExtractor['embedImages']>[1] = {},
  ): ReturnType<FeatureExtractor['embedImages']> {
    const size = 3 * inceptionInputSize ** 2;
    return embedInBatches(images, this.dimension, options, async (batch) => {
      const pixels = new Float32Array(batch.length * size);
      batch.forEach((image, i) => inceptionInput(image, this.resize, pixels, i * size));
      return (await (await this.#program(batch.length)).run({ pixels })).features;
    });
  }

  #program(count: number): Promise<Program<'features'>> {
    const known = this.#programs.get(count);
    if (known) return known;
    const graph = new Graph();
    const taps = inceptionV3(
      graph,
      graph.input('pixels', [count, 3, inceptionInputSize, inceptionInputSize]),
      this.#weights,
      this.dimension,
    );
    const program = Program.compile(
      graph,
      { features: taps.get(this.dimension)! },
      this.#threads === undefined ? {} : { threads: this.#threads },
    );
    this.#programs.set(count, program);
    return program;
  }

  async release(): Promise<void> {
    for (const program of this.#programs.values()) await (await program).release();
    this.#programs.clear();
  }
}
