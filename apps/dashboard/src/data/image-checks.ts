// Checks images before a training: too small, blurred, or nearly the same as another.
import type { DatasetImage } from '@styleforge/sdk';

const SIDE = 9;
/** Maximum number of different bits in the fingerprints of two images that count as the same. */
const NEAR = 5;
/** Variance of the Laplacian below which a photo looks out of focus; flat drawings have hard edges and are far above. */
const BLURRED = 18;
const BLUR_SIDE = 128;
const AT_A_TIME = 6;

type Known = Pick<DatasetImage, 'id' | 'file_name' | 'width' | 'height'>;
export interface Fingerprint {
  bits: bigint;
  sharpness: number;
}

/** Whether each pixel is brighter than the next: the same for any size and brightness. `gray`: rows of 9 pixels. */
export function bitsOf(gray: ArrayLike<number>): bigint {
  let bits = 0n;
  for (let y = 0; y < SIDE - 1; y++)
    for (let x = 0; x < SIDE - 1; x++) bits = (bits << 1n) | (gray[y * SIDE + x]! > gray[y * SIDE + x + 1]! ? 1n : 0n);
  return bits;
}

export function distance(a: bigint, b: bigint): number {
  let count = 0;
  for (let rest = a ^ b; rest !== 0n; rest &= rest - 1n) count++;
  return count;
}

/** Variance of the Laplacian. */
export function sharpnessOf(gray: ArrayLike<number>, width: number): number {
  const height = gray.length / width;
  let [sum, squares, count] = [0, 0, 0];
  for (let y = 1; y < height - 1; y++)
    for (let x = 1; x < width - 1; x++) {
      const at = y * width + x;
      const value = gray[at - 1]! + gray[at + 1]! + gray[at - width]! + gray[at + width]! - 4 * gray[at]!;
      sum += value;
      squares += value * value;
      count++;
    }
  return squares / count - (sum / count) ** 2;
}

function grayOf(bitmap: ImageBitmap, side: number): Float32Array {
  const context = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true })!;
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, side, side);
  const { data } = context.getImageData(0, 0, side, side);
  return Float32Array.from(
    { length: side * side },
    (_, at) => 0.299 * data[4 * at]! + 0.587 * data[4 * at + 1]! + 0.114 * data[4 * at + 2]!,
  );
}

async function fingerprint(path: string): Promise<Fingerprint> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`an image cannot be read: ${response.status}`);
  const bitmap = await createImageBitmap(await response.blob());
  const side = Math.min(BLUR_SIDE, bitmap.width);
  return { bits: bitsOf(grayOf(bitmap, SIDE)), sharpness: sharpnessOf(grayOf(bitmap, side), side) };
}

/** Checks every image, a few at a time; `onProgress` gets the number of checked images. */
export async function fingerprintsOf(images: DatasetImage[], onProgress: (done: number) => void): Promise<Map<string, Fingerprint>> {
  const found = new Map<string, Fingerprint>();
  for (let next = 0; next < images.length; next += AT_A_TIME) {
    const some = images.slice(next, next + AT_A_TIME);
    const read = await Promise.all(some.map(({ thumbnail_url: path }) => fingerprint(path)));
    some.forEach(({ id }, at) => found.set(id, read[at]!));
    onProgress(found.size);
  }
  return found;
}

/** The most serious warning of each image; images without a warning are omitted. `resolution`: that of the job in pixels, 0 if unknown. */
export function warningsOf(images: Known[], prints: ReadonlyMap<string, Fingerprint>, resolution: number): Map<string, string> {
  const warnings = new Map<string, string>();
  images.forEach(({ id, width, height }, at) => {
    const own = prints.get(id);
    const twin = own && images.slice(0, at).find((other) => isNear(own, prints.get(other.id)));
    if (Math.min(width, height) < resolution) warnings.set(id, `smaller than ${resolution} pixels`);
    else if (twin) warnings.set(id, `nearly the same as ${twin.file_name}`);
    else if (own && own.sharpness < BLURRED) warnings.set(id, 'looks blurred');
  });
  return warnings;
}

const isNear = (a: Fingerprint, b: Fingerprint | undefined): boolean => b !== undefined && distance(a.bits, b.bits) <= NEAR;
