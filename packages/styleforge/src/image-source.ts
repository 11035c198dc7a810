// Training images as planes: upright, on white, resized to the resolution; the crop is drawn at each use.
import { randomIntegers } from '@styleforge/diffusion';
import sharp from 'sharp';
import { TrainingInputError } from './config.ts';

export interface SourceImage {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  /** Interleaved RGB bytes; the shorter side equals the resolution. */
  readonly rgb: Uint8Array;
}

export interface Crop {
  readonly left: number;
  readonly top: number;
}

/** Decodes and resizes with bilinear filtering; a file that is no image is refused by name. */
export async function loadImage(path: string, resolution: number): Promise<SourceImage> {
  try {
    const upright = sharp(path).rotate().flatten({ background: '#ffffff' }).toColourspace('srgb');
    const { data, info } = await upright
      .resize(resolution, resolution, { fit: 'outside', kernel: 'linear' })
      .removeAlpha().raw().toBuffer({ resolveWithObject: true });
    return { path, width: info.width, height: info.height, rgb: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  } catch (error) {
    throw new TrainingInputError(`${path} cannot be read as an image: ${String(error)}`, { cause: error });
  }
}

export function isSquare(image: SourceImage): boolean {
  return image.width === image.height;
}

export function cropOf(image: SourceImage, resolution: number, mode: 'random' | 'center', key: { seed: number; step: number; index: number }): Crop {
  const [spareX, spareY] = [image.width - resolution, image.height - resolution];
  if (mode === 'center') return { left: Math.floor(spareX / 2), top: Math.floor(spareY / 2) };
  const draw = (purpose: string, spare: number): number => (spare === 0 ? 0 : randomIntegers({ ...key, purpose }, 1, spare + 1)[0]);
  return { left: draw('crop-left', spareX), top: draw('crop-top', spareY) };
}

/** Planes [3, resolution, resolution] in -1..1. */
export function toPixelValues(image: SourceImage, resolution: number, { left, top }: Crop): Float32Array {
  const plane = resolution * resolution;
  const values = new Float32Array(3 * plane);
  for (let y = 0; y < resolution; y++) {
    let source = ((top + y) * image.width + left) * 3;
    for (let i = y * resolution; i < (y + 1) * resolution; i++, source += 3) {
      for (let channel = 0; channel < 3; channel++) values[channel * plane + i] = image.rgb[source + channel] / 127.5 - 1;
    }
  }
  return values;
}
