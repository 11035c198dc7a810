// Encodes a generated image as PNG with its parameters in a text chunk that image tools show.
import { crc32 } from 'node:zlib';
import sharp from 'sharp';

export interface RgbImage {
  width: number;
  height: number;
  rgb: Uint8Array;
}

export async function encodePng({ width, height, rgb }: RgbImage, parameters: object): Promise<Buffer> {
  const png = await sharp(rgb, { raw: { width, height, channels: 3 } }).png().toBuffer();
  return insertText(png, 'parameters', JSON.stringify(parameters));
}

/** The signature and the IHDR chunk, which must come first. */
const headerLength = 8 + 25;

/** iTXt chunk (PNG specification, 11.3.3.4): keyword, no compression, no language, text in UTF-8. */
function insertText(png: Buffer, keyword: string, text: string): Buffer {
  const body = Buffer.concat([Buffer.from(`iTXt${keyword}\0\0\0\0\0`, 'latin1'), Buffer.from(text, 'utf8')]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(body.length - 4, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return Buffer.concat([png.subarray(0, headerLength), chunk, png.subarray(headerLength)]);
}
