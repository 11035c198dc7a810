// The image of each sample in each step, which depends only on (seed, step, place).
import { permutation } from '@styleforge/diffusion';

/** Image number `index` of a set of `size`: every image once per epoch, in an order that depends on seed and epoch. */
export function drawFrom(size: number, index: number, seed: number, purpose: string): number {
  const epoch = Math.floor(index / size);
  return permutation({ seed, step: epoch, purpose }, size)[index % size];
}

/** Components take turns, so that each has the same share independent of its number of images. */
export function drawMixed(sizes: readonly number[], index: number, seed: number): { component: number; image: number } {
  const component = index % sizes.length;
  return { component, image: drawFrom(sizes[component], Math.floor(index / sizes.length), seed, `style-ref-${component}`) };
}
