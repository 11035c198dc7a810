// Training set: an endless, seeded stream of (picture, caption) over an image cache; example i is always the same.
import { drawCaption } from './captions.ts';
import type { ImageCacheOptions, ImageRecord } from './image-cache.ts';
import { buildImageCache, imageOf } from './image-cache.ts';
import { shuffledIndices } from './random.ts';

export interface TrainingSetOptions extends ImageCacheOptions {
  seed?: number;
  /** Share of examples with an empty caption; 0.1 when left out. */
  emptyShare?: number;
}

export interface TrainingExample {
  readonly index: number;
  readonly image: Uint8Array;
  readonly caption: string;
  readonly record: ImageRecord;
}

export interface TrainingSet {
  readonly size: number;
  /** Pictures in one pass. */
  readonly length: number;
  /** A function of (seed, index) alone; pass k is the indices from k * length on, each picture once. */
  example(index: number): TrainingExample;
  examples(from?: number): Generator<TrainingExample, never>;
}

export async function trainingSet(cacheDirectory: string, options: TrainingSetOptions = {}): Promise<TrainingSet> {
  const { seed = 1337, emptyShare = 0.1 } = options;
  const cache = await buildImageCache(cacheDirectory, options);
  const length = cache.records.length;
  let order: { pass: number; indices: Uint32Array } = { pass: -1, indices: new Uint32Array() };
  const example = (index: number): TrainingExample => {
    const pass = Math.floor(index / length);
    if (order.pass !== pass) order = { pass, indices: shuffledIndices(length, `${seed}/${pass}`) };
    const record = cache.records[order.indices[index % length]!]!;
    const caption = drawCaption(record, record.style, `${seed}/${index}`, { emptyShare });
    return { index, image: imageOf(cache, record), caption, record };
  };
  function* examples(from = 0): Generator<TrainingExample, never> {
    for (let index = from; ; index++) yield example(index);
  }
  return { size: cache.size, length, example, examples };
}
