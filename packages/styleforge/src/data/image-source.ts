// Training images as planes: upright, on white, resized to the resolution. Each use selects its own crop.
import { tooSmallImages } from '@styleforge/contracts';
import { type ImageGeometry, randomIntegers } from '@styleforge/diffusion';
import { basename } from 'node:path';
import sharp from 'sharp';
import { type Size } from './buckets.ts';
import { TrainingInputError } from '../config.ts';
import type { TrainingImage } from './check-inputs.ts';

export interface SourceImage {
  readonly path: string;
  readonly width: number;
  readonly height: number;
  /** Height and width of the file, turned upright. */
  readonly original: readonly [number, number];
  /** Size of a crop: the square of the resolution, or the size of its bucket. */
  readonly size: Size;
  /** Interleaved RGB bytes; one side equals that of `size`. */
  readonly rgb: Uint8Array;
  /** Weight of each pixel, 0 to 255; null if all pixels count. */
  readonly mask: Uint8Array | null;
}

export interface Crop {
  readonly left: number;
  readonly top: number;
  /** Whether the crop is mirrored. */
  readonly flipped: boolean;
}

export interface CropOptions {
  readonly resolution: number | Size;
  readonly crop: 'random' | 'center';
  readonly randomFlip: boolean;
}

/** The size of a resolution; a single number stands for a square. */
export const sizeOf = (resolution: number | Size): Size => (typeof resolution === 'number' ? [resolution, resolution] : resolution);

const nameOf = ({ path, fileName }: TrainingImage): string => fileName ?? basename(path);

async function decode<T>(image: TrainingImage, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new TrainingInputError(`${nameOf(image)} cannot be read as an image: ${String(error)}`, { cause: error });
  }
}

/** Throws TrainingInputError that names all images smaller than the resolution. */
export async function checkImageSizes(images: readonly TrainingImage[], resolution: number): Promise<void> {
  const sizes = await Promise.all(
    images.map(async (image) => ({ ...(await decode(image, () => sharp(image.path).metadata())), fileName: nameOf(image) })),
  );
  const fault = tooSmallImages(sizes, resolution);
  if (fault !== null) throw new TrainingInputError(fault, { code: 'image_too_small' });
}

/** Decodes an image and resizes it with bilinear filtering to cover the size. Refuses other files by name. */
export async function loadImage(image: TrainingImage, resolution: number | Size): Promise<SourceImage> {
  const { path } = image;
  const size = sizeOf(resolution);
  const upright = sharp(path).rotate().flatten({ background: '#ffffff' }).toColourspace('srgb');
  const { data, info } = await decode(image, () =>
    upright.resize(size[1], size[0], { fit: 'outside', kernel: 'linear' }).removeAlpha().raw().toBuffer({ resolveWithObject: true }),
  );
  return {
    path,
    width: info.width,
    height: info.height,
    original: await uprightSize(image),
    size,
    rgb: new Uint8Array(data.buffer, data.byteOffset, data.length),
    mask: image.maskPath ? await loadMask(image, image.maskPath, info) : null,
  };
}

/** The mask, resized like its image. Refuses a mask of another size or without any white by name. */
async function loadMask(image: TrainingImage, path: string, { width, height }: Pick<SourceImage, 'width' | 'height'>): Promise<Uint8Array> {
  const [[imageHeight, imageWidth], mask] = [await uprightSize(image), await decode(image, () => sharp(path).metadata())];
  if (mask.width !== imageWidth || mask.height !== imageHeight)
    throw new TrainingInputError(
      `the mask of ${nameOf(image)} has ${mask.width}x${mask.height} pixels, and the image ` +
        `${imageWidth}x${imageHeight}: give it the size of the image`,
    );
  const gray = sharp(path).toColourspace('b-w').removeAlpha().resize(width, height, { fit: 'fill', kernel: 'linear' });
  const values = new Uint8Array(await decode(image, () => gray.raw().toBuffer()));
  if (values.every((value) => value === 0))
    throw new TrainingInputError(`the mask of ${nameOf(image)} is black all over: paint white what is to be learned, or delete the mask`);
  return values;
}

/** Size of the upright image: EXIF orientations from 5 on are turned by a quarter. */
export async function uprightSize(image: TrainingImage): Promise<[number, number]> {
  const { width, height, orientation = 1 } = await decode(image, () => sharp(image.path).metadata());
  return orientation >= 5 ? [width, height] : [height, width];
}

/** The model's size and crop inputs for this crop. A mirrored image is cropped after mirroring. */
export function geometryOf({ original, width, size }: SourceImage, { left, top, flipped }: Crop): ImageGeometry {
  return { original, crop: [top, flipped ? width - size[1] - left : left], target: [size[0], size[1]] };
}

/** Whether the image needs no crop. */
export function fitsExactly({ width, height, size }: SourceImage): boolean {
  return width === size[1] && height === size[0];
}

/** The crop for one sample of the run, which depends only on `key`. */
export function cropOf(
  image: SourceImage,
  { resolution, crop, randomFlip }: CropOptions,
  key: { seed: number; step: number; index: number },
): Crop {
  const [height, width] = sizeOf(resolution);
  const [spareX, spareY] = [image.width - width, image.height - height];
  const draw = (purpose: string, spare: number): number => (spare === 0 ? 0 : randomIntegers({ ...key, purpose }, 1, spare + 1)[0]);
  const flipped = randomFlip && draw('flip', 1) === 1;
  if (crop === 'center') return { left: Math.floor(spareX / 2), top: Math.floor(spareY / 2), flipped };
  return { left: draw('crop-left', spareX), top: draw('crop-top', spareY), flipped };
}

/** Weight of each latent, [height / factor, width / factor] in 0..1: the mean over its pixels, and `least` outside the mask. */
export function toLatentMask(
  { mask, width: stride, size: [height, width] }: Pick<SourceImage, 'mask' | 'width' | 'size'>,
  { left, top, flipped }: Crop,
  { factor, least }: { readonly factor: number; readonly least: number },
): Float32Array {
  const [rows, columns] = [height / factor, width / factor];
  const values = new Float32Array(rows * columns).fill(1);
  if (mask === null) return values;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const start = left + (flipped ? columns - 1 - column : column) * factor;
      let sum = 0;
      for (let y = top + row * factor; y < top + (row + 1) * factor; y++)
        for (let x = start; x < start + factor; x++) sum += mask[y * stride + x];
      values[row * columns + column] = Math.max(least, sum / (255 * factor * factor));
    }
  }
  return values;
}

/** Planes [3, height, width] in -1..1. */
export function toPixelValues(image: SourceImage, resolution: number | Size, { left, top, flipped }: Crop): Float32Array {
  const [height, width] = sizeOf(resolution);
  const plane = height * width;
  const values = new Float32Array(3 * plane);
  for (let y = 0; y < height; y++) {
    const stride = flipped ? -3 : 3;
    let source = ((top + y) * image.width + left + (flipped ? width - 1 : 0)) * 3;
    for (let i = y * width; i < (y + 1) * width; i++, source += stride) {
      for (let channel = 0; channel < 3; channel++) values[channel * plane + i] = image.rgb[source + channel] / 127.5 - 1;
    }
  }
  return values;
}
