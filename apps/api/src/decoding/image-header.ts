// The format and the size of an image as its header states them, read without decoding anything.
import { type FileHandle, open } from 'node:fs/promises';
import { UPLOAD_LIMITS } from '@styleforge/contracts';
import { ImageRefusal } from './image-refusal.ts';
import { markerAfter } from './jpeg-scan-headers.ts';

export type ImageFormat = 'png' | 'jpeg' | 'webp';
type Size = { width: number; height: number };

const START_BYTES = 32;
const JPEG_SEGMENTS = 2_000;
const MEGAPIXEL = 1e6;

/** Recognizes the format by the first bytes of the file, not by its name or type. */
export function formatOf(start: Buffer): ImageFormat | null {
  if (start.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))) return 'png';
  if (start.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))) return 'jpeg';
  if (start.toString('latin1', 0, 4) === 'RIFF' && start.toString('latin1', 8, 12) === 'WEBP') return 'webp';
  return null;
}

type Signature = readonly [name: string, test: (start: Buffer) => boolean];
const latin = (start: Buffer, from: number, to: number) => start.toString('latin1', from, to);
const brandOf = (start: Buffer) => (latin(start, 4, 8) === 'ftyp' ? latin(start, 8, 12) : '');

/** Formats that users are likely to send by mistake. */
const OTHER_FORMATS: readonly Signature[] = [
  ['an AVIF image', (start) => /^avi[fs]/.test(brandOf(start))],
  ['a HEIC image', (start) => /^(hei[cxms]|hev[cx]|mif1|msf1)/.test(brandOf(start))],
  ['a GIF image', (start) => latin(start, 0, 4) === 'GIF8'],
  ['a TIFF image', (start) => ['II*\0', 'MM\0*'].includes(latin(start, 0, 4))],
  ['a BMP image', (start) => latin(start, 0, 2) === 'BM'],
  ['a PSD file', (start) => latin(start, 0, 4) === '8BPS'],
  ['a zip archive', (start) => latin(start, 0, 4) === 'PK\u0003\u0004'],
  ['a gzip archive', (start) => start[0] === 0x1f && start[1] === 0x8b],
  ['a RAR archive', (start) => latin(start, 0, 4) === 'Rar!'],
  ['a 7z archive', (start) => latin(start, 0, 6) === '7z\xbc\xaf\x27\x1c'],
  ['an XZ archive', (start) => latin(start, 0, 6) === '\xfd7zXZ\0'],
  ['a JPEG XL image', (start) => latin(start, 0, 2) === '\xff\x0a' || latin(start, 4, 8) === 'JXL '],
  ['an SVG drawing', (start) => /^\s*(<\?xml[^>]*>\s*)?<svg/.test(start.toString('utf8'))],
];

/** Texts that were stored in place of an image, and what to do. */
const STAND_INS: readonly [RegExp, string][] = [
  [/^version https:\/\/git-lfs/, 'is a Git LFS pointer, not the image that it points to: run git lfs pull in its repository'],
  [/^\s*<(!doctype html|html)/i, 'is a web page, not an image: download the image itself'],
];

/** Base64 text of an image, instead of its bytes. */
const BASE64 = /^(data:image\/|iVBORw0KGgo|\/9j\/|UklGR)/;

/** Name of the file's format with its article; undefined for formats that are not listed. */
export const otherFormatOf = (start: Buffer): string | undefined => OTHER_FORMATS.find(([, test]) => test(start))?.[0];

export function unsupported(start: Buffer): ImageRefusal {
  if (start.length === 0) return new ImageRefusal('unsupported_format', 'is empty: send the complete file');
  if (BASE64.test(start.toString('latin1'))) return new ImageRefusal('unsupported_format', 'is Base64 text: send the bytes of the image');
  const stand = STAND_INS.find(([pattern]) => pattern.test(start.toString('latin1')))?.[1];
  if (stand !== undefined) return new ImageRefusal('unsupported_format', stand);
  const name = otherFormatOf(start);
  const archive = name?.endsWith('archive') ? 'send the images themselves, or one zip archive of them' : 'save it as PNG, JPEG or WebP';
  return new ImageRefusal(
    'unsupported_format',
    name ? `is ${name}: ${archive}` : 'is not a PNG, JPEG or WebP image: save it as one of these',
  );
}

/** Size in pixels according to the header. Throws ImageRefusal for a size that is not accepted. */
export async function checkImageHeader(file: string): Promise<number> {
  const handle = await open(file, 'r');
  try {
    const start = Buffer.alloc(START_BYTES);
    const { bytesRead } = await handle.read(start, 0, START_BYTES, 0);
    const format = formatOf(start);
    if (format === null) throw unsupported(start.subarray(0, bytesRead));
    const size = bytesRead < START_BYTES ? null : await sizeOf(format, start, handle);
    if (size === null) throw new ImageRefusal('not_an_image', 'cannot be decoded: the file is damaged or cut off');
    checkSize(size);
    return size.width * size.height;
  } finally {
    await handle.close();
  }
}

export function checkSize({ width, height }: Size): void {
  const { pixels, side, smallestSide } = UPLOAD_LIMITS;
  if (width * height > pixels) throw new ImageRefusal('too_many_pixels', `has more than ${pixels / MEGAPIXEL} megapixels: scale it down`);
  if (Math.max(width, height) > side)
    throw new ImageRefusal('unsuitable_size', `is ${width} x ${height} pixels; the maximum for a side is ${side}`);
  if (Math.min(width, height) < smallestSide)
    throw new ImageRefusal('unsuitable_size', `is ${width} x ${height} pixels; the minimum for a side is ${smallestSide}`);
}

async function sizeOf(format: ImageFormat, start: Buffer, handle: FileHandle): Promise<Size | null> {
  switch (format) {
    case 'png':
      return pngSize(start);
    case 'webp':
      return webpSize(start);
    case 'jpeg':
      return jpegSize(handle);
  }
}

function pngSize(start: Buffer): Size | null {
  if (start.toString('latin1', 12, 16) !== 'IHDR') return null;
  return { width: start.readUInt32BE(16), height: start.readUInt32BE(20) };
}

/** The three kinds of a first chunk (RFC 9649): lossy, lossless, extended. */
function webpSize(start: Buffer): Size | null {
  switch (start.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return { width: start.readUInt16LE(26) & 0x3fff, height: start.readUInt16LE(28) & 0x3fff };
    case 'VP8L': {
      const bits = start.readUInt32LE(21);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      return { width: start.readUIntLE(24, 3) + 1, height: start.readUIntLE(27, 3) + 1 };
    default:
      return null;
  }
}

/** Reads the frame header (SOF), which comes after any number of other segments (ITU-T T.81, B.1.1). */
async function jpegSize(handle: FileHandle): Promise<Size | null> {
  const segment = Buffer.alloc(9);
  let at = 2;
  for (let count = 0; count < JPEG_SEGMENTS; count++) {
    const { bytesRead } = await handle.read(segment, 0, segment.length, at);
    const marker = segment[1]!;
    if (bytesRead < 4) return null;
    if (segment[0] !== 0xff || marker === 0) {
      const next = await nextMarker(handle, at);
      if (next === null) return null;
      at = next;
    } else if (marker === 0xff) at += 1;
    else if (isFrame(marker)) return bytesRead < 9 ? null : { width: segment.readUInt16BE(7), height: segment.readUInt16BE(5) };
    else if (marker === 0xda || marker === 0xd9) return null;
    else at += 2 + segment.readUInt16BE(2);
  }
  return null;
}

/** Position of the next marker; null if there is none within a segment's length. */
async function nextMarker(handle: FileHandle, at: number): Promise<number | null> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2 ** 16), 0, 2 ** 16, at);
  const next = markerAfter(buffer.subarray(0, bytesRead), 0);
  return next === -1 ? null : at + next;
}

/** SOF0 to SOF15, without the tables DHT, JPG and DAC, whose codes are between them. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}
