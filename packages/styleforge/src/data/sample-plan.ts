// Which image stands in which place of which step: a function of (seed, step, place) alone.
import { permutation } from '@styleforge/diffusion';

/** Image number `index` from a set of `size` images: every image once per epoch, in an order that depends on seed and epoch. */
export function drawFrom(size: number, index: number, seed: number, purpose: string): number {
  const epoch = Math.floor(index / size);
  return permutation({ seed, step: epoch, purpose }, size)[index % size];
}

/** Components take turns, so that each gets the same share whatever its number of images. */
export function drawMixed(sizes: readonly number[], index: number, seed: number): { component: number; image: number } {
  const component = index % sizes.length;
  return { component, image: drawFrom(sizes[component], Math.floor(index / sizes.length), seed, `style-ref-${component}`) };
}
