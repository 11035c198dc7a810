// Converts an uploaded image to a clean PNG, or returns why it is refused. Runs in a decoding process, never in the API's process.
import path from 'node:path';
import { UPLOAD_LIMITS } from '@styleforge/contracts';
import sharp from 'sharp';
import { checkSize, formatOf, type ImageFormat, unsupported } from './image-header.ts';
import { ImageRefusal } from './image-refusal.ts';
import { repairJpeg } from './jpeg-scan-headers.ts';
import type { Declared } from './messages.ts';

const EXTENSIONS: Record<string, ImageFormat> = { '.png': 'png', '.jpg': 'jpeg', '.jpeg': 'jpeg', '.webp': 'webp' };
const MIME_TYPES: Record<string, ImageFormat> = { 'image/png': 'png', 'image/jpeg': 'jpeg', 'image/webp': 'webp' };

export async function normalizeImage(bytes: Buffer, declared: Declared): Promise<{ png: Buffer; width: number; height: number }> {
  const format = formatOf(bytes);
  if (format === null) throw unsupported(bytes);
  checkDeclaration(format, declared);
  if (isAnimatedPng(bytes, format)) throw severalFrames();
  const source = format === 'jpeg' ? repairJpeg(bytes) : bytes;
  try {
    return await decoded(source, 'warning').catch((error: Error) => {
      // All data before the end was decoded without a warning.
      if (complainsAboutEnd(error)) return decoded(source, 'error');
      throw error;
    });
  } catch (error) {
    throw error instanceof ImageRefusal ? error : refusalFor(error as Error);
  }
}

/** Whether the decoder complains about nothing but bytes before the end marker. */
function complainsAboutEnd({ message }: Error): boolean {
  const complaints = message.split('\n').filter((line) => line.startsWith('VipsJpeg: '));
  return complaints.length > 0 && complaints.every((line) => /\d extraneous bytes before marker 0xd9$/.test(line.trim()));
}

const severalFrames = (): ImageRefusal => new ImageRefusal('animated', 'has several frames: send one of them as an image of its own');

/** `failOn`: the least fault for which the image is refused. Missing data is an error. */
async function decoded(source: Buffer, failOn: 'warning' | 'error'): Promise<{ png: Buffer; width: number; height: number }> {
  const image = sharp(source, { failOn, limitInputPixels: UPLOAD_LIMITS.pixels });
  const { width, height, pages = 1 } = await image.metadata();
  checkSize({ width, height });
  if (pages > 1) throw severalFrames();
  // Turns the image upright by EXIF, and converts it to sRGB with 8 bits; sharp removes metadata by default.
  const { data, info } = await image.autoOrient().toColourspace('srgb').png({ compressionLevel: 9 }).toBuffer({ resolveWithObject: true });
  return { png: data, width: info.width, height: info.height };
}

/** The alpha channel as a gray PNG; null if the image has none or is fully opaque. */
export async function alphaOf(png: Buffer): Promise<Buffer | null> {
  const { hasAlpha } = await sharp(png).metadata();
  if (!hasAlpha || (await sharp(png).stats()).isOpaque) return null;
  return sharp(png).extractChannel('alpha').toColourspace('b-w').png().toBuffer();
}

/** The image in shades of gray; transparent pixels become black. */
export function grayOf(png: Buffer): Promise<Buffer> {
  return sharp(png).flatten({ background: '#000000' }).toColourspace('b-w').png().toBuffer();
}

/** The decoder reads only the first image of an animated PNG, so this looks for the chunk acTL, which comes before all images. */
function isAnimatedPng(bytes: Buffer, format: ImageFormat): boolean {
  if (format !== 'png') return false;
  for (let at = 8; at + 8 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const chunk = bytes.toString('latin1', at + 4, at + 8);
    if (chunk === 'acTL' || chunk === 'IDAT') return chunk === 'acTL';
  }
  return false;
}

function checkDeclaration(format: ImageFormat, { fileName, mimeType }: Declared): void {
  const said = MIME_TYPES[mimeType] ?? EXTENSIONS[path.extname(fileName).toLowerCase()];
  if (said !== undefined && said !== format)
    throw new ImageRefusal('not_what_it_says', `says that it is ${said} but is ${format}: name it and its type after its real format`);
}

function refusalFor(error: Error): ImageRefusal {
  if (error.message.includes('pixel limit')) {
    return new ImageRefusal('too_many_pixels', `has more than ${UPLOAD_LIMITS.pixels / 1e6} megapixels: scale it down`);
  }
  return new ImageRefusal('not_an_image', 'cannot be decoded: the file is damaged or cut off; save the image again');
}
