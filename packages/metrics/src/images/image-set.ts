// Images to measure: all hashes at once, and pixels one image after the other.
import { createHash } from 'node:crypto';
import { sha256OfFile } from '@styleforge/weights';
import sharp from 'sharp';
import type { RgbImage } from '../extractors/feature-extractor.ts';

export interface ImageSet {
  /** SHA-256 of each image's file, in order. */
  readonly sha256s: readonly string[];
  /** The images in the same order; each call starts from the first. */
  images(): AsyncIterable<RgbImage> | Iterable<RgbImage>;
}

/** Thrown when a file is missing, is not an image, or is damaged. */
export class UnreadableImageError extends Error {
  override name = 'UnreadableImageError';
  readonly file: string;
  constructor(file: string, reason: string, options?: ErrorOptions) {
    super(`${file}: ${reason}`, options);
    this.file = file;
  }
}

/** Reads an image upright, in sRGB, with transparency over white. */
async function readImage(file: string): Promise<RgbImage> {
  try {
    const { data, info } = await sharp(file, { failOn: 'truncated' })
      .rotate()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, rgb: data };
  } catch (error) {
    throw new UnreadableImageError(
      file,
      `this image cannot be read (${error instanceof Error ? error.message : String(error)}); remove it or upload it again`,
      { cause: error },
    );
  }
}

/** Reads the images one after the other, each on demand. Throws UnreadableImageError. */
export async function* readImages(files: readonly string[]): AsyncGenerator<RgbImage> {
  for (const file of files) yield readImage(file);
}

export async function imageFiles(files: readonly string[]): Promise<ImageSet> {
  const sha256s: string[] = [];
  for (const file of files) {
    sha256s.push(
      await sha256OfFile(file).catch((error: unknown) => {
        throw new UnreadableImageError(file, 'this image cannot be opened', { cause: error });
      }),
    );
  }
  return { sha256s, images: () => readImages(files) };
}

/** Images in memory; the hash covers their size and pixels. */
export function imageArrays(images: readonly RgbImage[]): ImageSet {
  const sha256s = images.map(({ width, height, rgb }) => createHash('sha256').update(`${width}x${height}\n`).update(rgb).digest('hex'));
  return { sha256s, images: () => images };
}
