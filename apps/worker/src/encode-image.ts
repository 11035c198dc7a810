// Encodes a generated image in the requested format, with texts about it that image tools show.
import type { GenerationConfig, ImageFormat } from '@styleforge/contracts';
import sharp from 'sharp';
import { encodePng, type RgbImage } from './png.ts';

/** EXIF allows only ASCII, so other characters are escaped as in JSON. */
const inAscii = (json: string): string =>
  json.replaceAll(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

export const EXTENSIONS: Record<ImageFormat, string> = { png: 'png', webp: 'webp', jpeg: 'jpg' };

/** Encodes an image. PNG stores each text in a chunk; WebP and JPEG store the first as EXIF description and all as EXIF comment. */
export async function encodeImage(
  image: RgbImage,
  { format, quality }: Pick<GenerationConfig, 'format' | 'quality'>,
  texts: Record<string, string>,
): Promise<Buffer> {
  if (format === 'png') return encodePng(image, texts);
  const { width, height, rgb } = image;
  const raw = sharp(rgb, { raw: { width, height, channels: 3 } });
  const encoded = quality === null ? raw.toFormat(format) : raw.toFormat(format, { quality });
  return encoded
    .withExif({ IFD0: { ImageDescription: texts['parameters'] ?? '' }, IFD2: { UserComment: inAscii(texts['styleforge'] ?? '') } })
    .toBuffer();
}
