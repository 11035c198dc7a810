// The images of generations: each beside its prompt and seed, and listed across generations.
import { z } from 'zod';
import { checkpointId, generationId, imageId, trainingJobId } from '../common/ids.ts';
import { missingObject, pageOf, pageQuery, timestamp } from '../common/pages.ts';
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

/** An image in the list across generations, with the generation and the model that it comes from. */
export const listedImage = generatedImage
  .extend({
    generation_id: generationId,
    base_model: z.string().nullable(),
    checkpoint_id: checkpointId.nullable(),
    training_job_id: trainingJobId.nullable(),
  })
  .meta({ id: 'ListedImage' });
export type ListedImageBody = z.infer<typeof listedImage>;
export const listedImagePage = pageOf(listedImage, 'ListedImagePage');

export const imageQuery = pageQuery(imageId).extend({
  model: z.string().min(1).max(100).optional().describe('A base model, a checkpoint, or a training job'),
  training_job: trainingJobId.optional().describe('Images of any checkpoint of this job'),
  starred: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
});
