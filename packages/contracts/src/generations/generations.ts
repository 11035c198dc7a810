// Generating images: prompts on a checkpoint, a finished job or a base model.
import { z } from 'zod';
import { checkpointId, generationId, imageId, trainingJobId } from '../common/ids.ts';
import { failure } from '../common/errors.ts';
import { missingObject, pageOf, pageQuery, timestamp } from '../common/pages.ts';
import { METHOD_SAMPLING, SAMPLERS } from '../models/samplers.ts';
import { generationStatus } from '../common/statuses.ts';
import { THUMBNAIL } from '../datasets/thumbnails.ts';

const GENERATION_LIMITS = { prompts: 100, images: 200, waitSeconds: 60, adapters: 8 } as const;

const side = z.int().min(16).max(2048).multipleOf(8);

const adapterRequest = z
  .strictObject({
    model: z.string().min(1).max(100).describe('A checkpoint id, or the id of a succeeded job, whose adaptation is not `full`'),
    strength: z.number().min(-4).max(4).default(1).describe('1 as it was trained, 0 without effect'),
  })
  .meta({ id: 'GenerationAdapterRequest' });

export const createGenerationRequest = z
  .strictObject({
    model: z.string().min(1).max(100).describe('A checkpoint id, the id of a succeeded job, or the name of a base model'),
    prompts: z
      .array(z.string().trim().min(1).max(2000))
      .min(1)
      .max(GENERATION_LIMITS.prompts)
      .describe('`[V]` stands for the first token that the model was trained with, `[name]` for that of the component of this name'),
    negative_prompt: z.string().max(2000).optional(),
    width: side.optional().describe("The model's own size when left out"),
    height: side.optional(),
    steps: z.int().min(1).max(1000).optional(),
    guidance_scale: z.number().min(0).max(50).optional(),
    style_guidance: z
      .number()
      .min(0)
      .max(50)
      .nullable()
      .optional()
      .describe(
        'StyleDrop: how far images go from the base model to the adapted one, 0 to 2. With it or text_guidance, guidance_scale is not used',
      ),
    text_guidance: z
      .number()
      .min(0)
      .max(50)
      .nullable()
      .optional()
      .describe(
        'StyleDrop: how far the base model goes from the negative prompt to the prompt; guidance_scale - 1 where only style_guidance is given',
      ),
    sampler: z.enum(SAMPLERS).optional(),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .optional()
      .describe('Drawn at random when left out; the answer shows it'),
    num_images: z.int().min(1).max(16).default(1).describe('Images for each prompt'),
    adapters: z
      .array(adapterRequest)
      .max(GENERATION_LIMITS.adapters)
      .default([])
      .describe('Trained adapters on top of the model, all at once; each was trained on the same base model'),
    wait: z.number().min(0).max(GENERATION_LIMITS.waitSeconds).default(0).describe('Seconds to wait for the images before answering 202'),
  })
  .refine((body) => body.prompts.length * body.num_images <= GENERATION_LIMITS.images, {
    path: ['num_images'],
    message: `prompts times num_images must be at most ${GENERATION_LIMITS.images}`,
  })
  .meta({
    id: 'CreateGenerationRequest',
    examples: [
      {
        model: 'styleforge-mini',
        prompts: ['house, flat style', 'cat, flat style'],
        num_images: 2,
        steps: 30,
        guidance_scale: 5,
        seed: 7,
        wait: 30,
      },
    ],
  });
export type CreateGenerationRequest = z.infer<typeof createGenerationRequest>;

/** What the worker gets: every default resolved. */
export const generationConfig = z
  .object({
    model: z.string(),
    prompts: z.array(z.string()),
    negative_prompt: z.string(),
    width: z.int(),
    height: z.int(),
    steps: z.int(),
    guidance_scale: z.number(),
    style_guidance: z.number().nullable().describe('null: guided by guidance_scale alone'),
    text_guidance: z.number().nullable(),
    sampler: z.enum(SAMPLERS),
    seed: z.int(),
    num_images: z.int(),
    adapters: z.array(z.object({ model: z.string(), checkpoint_id: checkpointId, strength: z.number() })),
  })
  .meta({ id: 'GenerationConfig' });
export type GenerationConfig = z.infer<typeof generationConfig>;

const USUAL_SETTINGS = { ...METHOD_SAMPLING, num_images: 1, adapters: [], style_guidance: null, text_guidance: null };

/** As a row keeps it, with what it lacks if it was written before a setting existed. */
export function completeGenerationConfig(stored: GenerationConfig): GenerationConfig {
  return { ...USUAL_SETTINGS, ...stored };
}

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
    created_at: timestamp,
  })
  .meta({ id: 'GeneratedImage' });
export type GeneratedImageBody = z.infer<typeof generatedImage>;

/** In the list across generations: with the generation and the model that it comes from. */
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

export const generation = z
  .object({
    id: generationId,
    status: generationStatus,
    base_model: z.string().nullable(),
    checkpoint_id: checkpointId.nullable(),
    training_job_id: trainingJobId.nullable(),
    config: generationConfig,
    images: z.array(generatedImage),
    error: failure.nullable(),
    created_at: timestamp,
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
  })
  .meta({ id: 'Generation' });
export type GenerationBody = z.infer<typeof generation>;

/** In lists: without its images. */
const generationSummary = generation.omit({ images: true }).meta({ id: 'GenerationSummary' });
export type GenerationSummaryBody = z.infer<typeof generationSummary>;

export const generationPage = pageOf(generationSummary, 'GenerationPage');

export const generationQuery = pageQuery(generationId).extend({ status: generationStatus.optional() });
