// Makes a clean PNG of an uploaded picture, or says why it is refused.
import path from 'node:path';
import { UPLOAD_LIMITS } from '@styleforge/contracts';
import type { RefusalCode } from '@styleforge/contracts';
import sharp from 'sharp';

export class ImageRefusal extends Error {
  override name = 'ImageRefusal';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

type Declared = { fileName: string; mimeType: string };
type Format = 'png' | 'jpeg' | 'webp';

const EXTENSIONS: Record<string, Format> = { '.png': 'png', '.jpg': 'jpeg', '.jpeg': 'jpeg', '.webp': 'webp' };
const MIME_TYPES: Record<string, Format> = { 'image/png': 'png', 'image/jpeg': 'jpeg', 'image/webp': 'webp' };

export async function normalizeImage(bytes: Buffer, declared: Declared): Promise<{ png: Buffer; width: number; height: number }> {
  const format = formatOf(bytes);
  if (format === null) throw new ImageRefusal('unsupported_format', 'is no PNG, JPEG or WebP');
  checkDeclaration(format, declared);
  try {
    const image = sharp(bytes, { limitInputPixels: UPLOAD_LIMITS.pixels });
    if (((await image.metadata()).pages ?? 1) > 1 || isAnimatedPng(bytes, format))
      throw new ImageRefusal('animated', 'has several frames; send one picture');
    // Upright by EXIF, in sRGB with 8 bits, and without any metadata: sharp keeps none unless told to.
    const { data, info } = await image
      .autoOrient()
      .toColourspace('srgb')
      .png({ compressionLevel: 9 })
      .toBuffer({ resolveWithObject: true });
    return { png: data, width: info.width, height: info.height };
  } catch (error) {
    throw error instanceof ImageRefusal ? error : refusalFor(error as Error);
  }
}

/** By the first bytes, which no sender can mistake. */
function formatOf(bytes: Buffer): Format | null {
  if (bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))) return 'png';
  if (bytes.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))) return 'jpeg';
  if (bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP') return 'webp';
  return null;
}

/** The decoder takes an animated PNG for its first picture; the chunk acTL comes before any picture. */
function isAnimatedPng(bytes: Buffer, format: Format): boolean {
  if (format !== 'png') return false;
  for (let at = 8; at + 8 <= bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const chunk = bytes.toString('latin1', at + 4, at + 8);
    if (chunk === 'acTL' || chunk === 'IDAT') return chunk === 'acTL';
  }
  return false;
}

function checkDeclaration(format: Format, { fileName, mimeType }: Declared): void {
  const said = MIME_TYPES[mimeType] ?? EXTENSIONS[path.extname(fileName).toLowerCase()];
  if (said !== undefined && said !== format) throw new ImageRefusal('not_what_it_says', `says that it is ${said} but is ${format}`);
}

function refusalFor(error: Error): ImageRefusal {
  if (error.message.includes('pixel limit')) {
    return new ImageRefusal('too_many_pixels', `has more than ${UPLOAD_LIMITS.pixels / 1e6} megapixels`);
  }
  return new ImageRefusal('not_an_image', 'cannot be decoded: the file is damaged or cut off');
}
