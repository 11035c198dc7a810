// The images of generations, each with its prompt and seed.
import { z } from 'zod';
import { imageId } from '../common/ids.ts';
import { missingObject, timestamp } from '../common/pages.ts';
import { THUMBNAIL } from '../datasets/thumbnails.ts';

export const IMAGE_FORMATS = ['png', 'webp', 'jpeg'] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

export const generatedImage = z
  .object({
    id: imageId,
    index: z.int(),
    prompt: z.string(),
    seed: z.int(),
    width: z.int(),
    height: z.int(),
    size_bytes: z.int(),
    sha256: z.string(),
    missing: missingObject,
    url: z.string(),
    thumbnail_url: z.string().describe(THUMBNAIL),
    starred: z.boolean(),
    format: z.enum(IMAGE_FORMATS),
    cell: z
      .object({ x: z.int(), y: z.int() })
      .nullable()
      .describe("Its place in the generation's grid: places in the values of x and y, counted from 0; null without a grid"),
    created_at: timestamp,
  })
  .meta({ id: 'GeneratedImage' });
export type GeneratedImageBody = z.infer<typeof generatedImage>;
