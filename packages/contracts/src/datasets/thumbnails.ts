// Small versions of images.
import { z } from 'zod';

/** Description of the fields that lead to a thumbnail. */
export const THUMBNAIL = 'The image in at most 256 pixels each way, as WebP; `?width=` asks for another size';

export const thumbnailQuery = z.strictObject({
  width: z.coerce
    .number()
    .int()
    .min(16)
    .max(1024)
    .default(256)
    .describe('Pixels of the longer side, rounded up to 128, 256, 512 or 1024; an image is never enlarged'),
});
