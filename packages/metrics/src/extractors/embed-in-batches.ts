// Embeds images or texts one batch at a time: memory grows with the features, but not with the images.
import { features, type Features } from '../distances/features.ts';
import type { EmbedOptions } from './feature-extractor.ts';

const defaultBatchSize = 16;

/** Thrown before anything is compared, when the features of an image or text are not finite numbers. */
export class NonFiniteFeaturesError extends Error {
  override name = 'NonFiniteFeaturesError';
}

async function* inBatches<T>(items: Iterable<T> | AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** `embed` yields the rows of one batch in order. Aborting throws the signal's reason between two batches. */
export async function embedInBatches<T>(
  items: Iterable<T> | AsyncIterable<T>,
  dimension: number,
  { batchSize = defaultBatchSize, onProgress, signal }: EmbedOptions,
  embed: (batch: readonly T[]) => Promise<Float32Array>,
): Promise<Features> {
  const rows: Float32Array[] = [];
  let done = 0;
  for await (const batch of inBatches(items, batchSize)) {
    signal?.throwIfAborted();
    const values = await embed(batch);
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new NonFiniteFeaturesError(
        `item ${done + Math.floor(bad / dimension) + 1} has features that are not finite numbers; the file of weights may be damaged`,
      );
    rows.push(values);
    done += batch.length;
    onProgress?.(done);
  }
  const data = new Float32Array(done * dimension);
  let offset = 0;
  for (const values of rows) {
    data.set(values, offset);
    offset += values.length;
  }
  return features(data, dimension);
}
