// texture: statistics of lines, texture and palette, without weights.
import { createHash } from 'node:crypto';
import { embedInBatches } from './embed-in-batches.ts';
import type { FeatureExtractor, RgbImage } from './feature-extractor.ts';
import { TEXTURE_DEVIATIONS, TEXTURE_MEANS } from './texture/texture-scale.ts';
import { textureStatistics } from './texture/texture-statistics.ts';

/**
 * Number of standard deviations from the mean at which values are clipped, since more distant styles need no distinction; values are scaled
 * to -1..1.
 */
const FURTHEST = 3;

/**
 * Judges style, not subject: 92 statistics of palette, edges, lines and repetition, each in units of its spread over varied images.
 * It has no weights, so it was not trained on any style, and it does not read texts.
 */
export class TextureExtractor implements FeatureExtractor {
  readonly name = 'texture';
  readonly dimension = TEXTURE_MEANS.length;
  readonly resize = 'clean';
  /** SHA-256 of the scale: with other numbers it is another extractor. */
  readonly weightsSha256 = createHash('sha256')
    .update(JSON.stringify([TEXTURE_MEANS, TEXTURE_DEVIATIONS]))
    .digest('hex');

  embedImages(
    images: Iterable<RgbImage> | AsyncIterable<RgbImage>,
    options: Parameters<FeatureExtractor['embedImages']>[1] = {},
  ): ReturnType<FeatureExtractor['embedImages']> {
    return embedInBatches(images, this.dimension, options, async (batch) => Float32Array.from(batch.flatMap(scaledStatistics)));
  }

  async release(): Promise<void> {
    // nothing to release
  }
}

function scaledStatistics(image: RgbImage): number[] {
  return textureStatistics(image).map((value, i) => {
    const scaled = (value - TEXTURE_MEANS[i]) / Math.max(TEXTURE_DEVIATIONS[i], 1e-9);
    return Math.min(FURTHEST, Math.max(-FURTHEST, scaled)) / FURTHEST;
  });
}
