// Small versions of images.
import { z } from 'zod';

/** Description of the fields that lead to a thumbnail. */
export const THUMBNAIL = 'The image as WebP with at most 256 pixels per side; `?width=` selects another size';

export const thumbnailQuery = z.strictObject({
  width: z.coerce
    .number()
    .int()
    .min(16)
    .max(1024)
    .default(256)
    .describe('Length of the longer side in pixels, rounded up to 128, 256, 512 or 1024. An image is never enlarged'),
});
