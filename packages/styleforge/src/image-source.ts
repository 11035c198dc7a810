// Training images as planes: upright, on white, resized to the resolution; the crop is drawn at each use.
import { tooSmallImages } from '@styleforge/contracts';
import { type ImageGeometry, randomIntegers } from '@styleforge/diffusion';
import { basename } from 'node:path';
import sharp from 'sharp';
import { TrainingInputError } from './config.ts';
import type { TrainingImage } from './check-inputs.ts';

export interface SourceImage {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  /** Height and width of the upright file. */
  readonly original: readonly [number, number];
  /** Interleaved RGB bytes; the shorter side equals the resolution. */
  readonly rgb: Uint8Array;
}

export interface Crop {
  readonly left: number;
  readonly top: number;
  /** Read from right to left. */
  readonly flipped: boolean;
}

export interface CropOptions {
  readonly resolution: number;
  readonly crop: 'random' | 'center';
  readonly randomFlip: boolean;
}

const nameOf = ({ path, fileName }: TrainingImage): string => fileName ?? basename(path);

async function decode<T>(image: TrainingImage, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new TrainingInputError(`${nameOf(image)} cannot be read as an image: ${String(error)}`, { cause: error });
  }
}

/** Throws TrainingInputError that names all images that are smaller than the resolution. */
export async function checkImageSizes(images: readonly TrainingImage[], resolution: number): Promise<void> {
  const sizes = await Promise.all(
    images.map(async (image) => ({ ...(await decode(image, () => sharp(image.path).metadata())), fileName: nameOf(image) })),
  );
  const fault = tooSmallImages(sizes, resolution);
  if (fault !== null) throw new TrainingInputError(fault, { code: 'image_too_small' });
}

/** Decodes and resizes with bilinear filtering. A file that is no image is refused by name. */
export async function loadImage(image: TrainingImage, resolution: number): Promise<SourceImage> {
  const { path } = image;
  const upright = sharp(path).rotate().flatten({ background: '#ffffff' }).toColourspace('srgb');
  const { data, info } = await decode(image, () =>
    upright.resize(resolution, resolution, { fit: 'outside', kernel: 'linear' }).removeAlpha().raw().toBuffer({ resolveWithObject: true }),
  );
  return {
    path,
    width: info.width,
    height: info.height,
    original: await uprightSize(image),
    rgb: new Uint8Array(data.buffer, data.byteOffset, data.length),
  };
}

/** EXIF orientations from 5 on lie on their side. */
async function uprightSize(image: TrainingImage): Promise<[number, number]> {
  const { width, height, orientation = 1 } = await decode(image, () => sharp(image.path).metadata());
  return orientation >= 5 ? [width, height] : [height, width];
}

/** What a model is told of the image under this crop: a mirrored image is cropped after it was mirrored. */
export function geometryOf(image: SourceImage, resolution: number, { left, top, flipped }: Crop): ImageGeometry {
  return {
    original: image.original,
    crop: [top, flipped ? image.width - resolution - left : left],
    target: [resolution, resolution],
  };
}

export function isSquare(image: SourceImage): boolean {
  return image.width === image.height;
}

/** The part of the image that belongs to a place in the run: a function of `key` alone. */
export function cropOf(
  image: SourceImage,
  { resolution, crop, randomFlip }: CropOptions,
  key: { seed: number; step: number; index: number },
): Crop {
  const [spareX, spareY] = [image.width - resolution, image.height - resolution];
  const draw = (purpose: string, spare: number): number => (spare === 0 ? 0 : randomIntegers({ ...key, purpose }, 1, spare + 1)[0]);
  const flipped = randomFlip && draw('flip', 1) === 1;
  if (crop === 'center') return { left: Math.floor(spareX / 2), top: Math.floor(spareY / 2), flipped };
  return { left: draw('crop-left', spareX), top: draw('crop-top', spareY), flipped };
}

/** Planes [3, resolution, resolution] in -1..1. */
export function toPixelValues(image: SourceImage, resolution: number, { left, top, flipped }: Crop): Float32Array {
  const plane = resolution * resolution;
  const values = new Float32Array(3 * plane);
  for (let y = 0; y < resolution; y++) {
    const stride = flipped ? -3 : 3;
    let source = ((top + y) * image.width + left + (flipped ? resolution - 1 : 0)) * 3;
    for (let i = y * resolution; i < (y + 1) * resolution; i++, source += stride) {
      for (let channel = 0; channel < 3; channel++) values[channel * plane + i] = image.rgb[source + channel] / 127.5 - 1;
    }
  }
  return values;
}
