// CIE L*a*b* planes of an image at the size at which textures are measured.
import type { RgbImage } from '../feature-extractor.ts';
import { resizeClean } from '../resample.ts';
import { type Plane } from './filters.ts';

/** Side in pixels: small enough that an image takes milliseconds, large enough for lines of a 512-pixel image four pixels wide. */
export const TEXTURE_SIDE = 128;

const linear = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const cubeRoot = (value: number): number => (value > 216 / 24389 ? Math.cbrt(value) : (24389 / 27 / 116) * value + 16 / 116);

/** sRGB (IEC 61966-2-1) to L*a*b* under D65: [L, a, b], L in 0..100. */
export function labPlanes(image: RgbImage): [Plane, Plane, Plane] {
  const side = TEXTURE_SIDE;
  const { data } = resizeClean(image, side, side);
  const planes = [0, 1, 2].map(() => new Float64Array(side * side));
  for (let i = 0; i < side * side; i++) {
    const [r, g, b] = [0, 1, 2].map((channel) => linear(data[3 * i + channel] / 255));
    const x = cubeRoot((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
    const y = cubeRoot(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
    const z = cubeRoot((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
    planes[0][i] = 116 * y - 16;
    planes[1][i] = 500 * (x - y);
    planes[2][i] = 200 * (y - z);
  }
  return planes.map((values) => ({ side, values })) as [Plane, Plane, Plane];
}
