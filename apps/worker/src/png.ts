// Encodes a generated image as PNG with texts about it in chunks that image tools show.
import { crc32 } from 'node:zlib';
import sharp from 'sharp';

export interface RgbImage {
  width: number;
  height: number;
  rgb: Uint8Array;
}

/** `texts`: by keyword. */
export async function encodePng({ width, height, rgb }: RgbImage, texts: Record<string, string>): Promise<Buffer> {
  const png = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  const chunks = Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text));
  return Buffer.concat([png.subarray(0, headerLength), ...chunks, png.subarray(headerLength)]);
}

/** The signature and the IHDR chunk, which must come first. */
const headerLength = 8 + 25;

/** tEXt, which every reader knows, for ASCII; else iTXt (PNG specification, 11.3.3): no compression, no language, UTF-8. */
function textChunk(keyword: string, text: string): Buffer {
  const isAscii = Buffer.byteLength(text) === text.length;
  const body = isAscii
    ? Buffer.from(`tEXt${keyword}\0${text}`, 'latin1')
    : Buffer.concat([Buffer.from(`iTXt${keyword}\0\0\0\0\0`, 'latin1'), Buffer.from(text, 'utf8')]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(body.length - 4, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}
