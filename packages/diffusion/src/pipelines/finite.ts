// Ends a generation whose values are not finite or whose image is completely black, because its result would be useless.

/** Thrown when the model computed values that are not finite numbers. A repeated request fails in the same way. */
export class NonFiniteImageError extends Error {
  override name = 'NonFiniteImageError';
  /** Code of the failure in every kind of job. */
  readonly code = 'non_finite_image';
}

/** Throws if a value is not finite. `what` continues with 'are not numbers': 'the latents of step 3'. */
export function requireNumbers(values: Float32Array, what: string): void {
  for (let i = 0; i < values.length; i++)
    if (values[i]! - values[i]! !== 0)
      throw new NonFiniteImageError(
        `the model gives no image: ${what} are not finite numbers (${values[i]}); the model is damaged or its ` +
          'training diverged, take another checkpoint or lower guidance_scale',
      );
}

/** Throws for an image that is completely black, which only damaged weights produce. */
export function requireLight(rgb: Uint8Array): void {
  if (rgb.every((value) => value === 0))
    throw new NonFiniteImageError(
      'the model gives no image: it is black all over; the model is damaged or its training diverged, take another ' +
        'checkpoint or lower guidance_scale',
    );
}
