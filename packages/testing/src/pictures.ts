// Images for uploads.
import sharp from 'sharp';

/** A PNG of 64 x 64 pixels with a disc on a background. Each hue from 0 to 359 gives a different image. */
export async function discPicture(hue: number): Promise<Buffer<ArrayBuffer>> {
  const ground = `<rect width="64" height="64" fill="hsl(${hue},80%,60%)"/>`;
  const disc = `<circle cx="32" cy="32" r="${12 + (hue % 16)}" fill="hsl(${hue + 90},80%,40%)"/>`;
  return Buffer.from(
    await sharp(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">${ground}${disc}</svg>`))
      .png()
      .toBuffer(),
  );
}
