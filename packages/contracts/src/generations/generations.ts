// Generating images: prompts on a checkpoint, a finished job or a base model.
import { z } from 'zod';
import { requiredText } from '../common/text.ts';
import { checkpointId, generationId, imageId, trainingJobId } from '../common/ids.ts';
import { annotationFields } from '../common/annotations.ts';
import { failure } from '../common/errors.ts';
import { pageOf, pageQuery, timestamp } from '../common/pages.ts';
import { METHOD_SAMPLING, SAMPLERS, negativePromptRequest, negativePromptSetting } from '../models/samplers.ts';
import { cellCount, changesOf, grid, gridRequest } from './grids.ts';
import type { GenerationGridRequest } from './grids.ts';
import { generationStatus } from '../common/statuses.ts';
import { CLIP_EXTRACTORS } from '../evaluations/extractors.ts';
import { generatedImage, IMAGE_FORMATS } from './generated-images.ts';

const GENERATION_LIMITS = { prompts: 100, images: 200, waitSeconds: 60, adapters: 8 } as const;

const side = z.int().min(16).max(2048).multipleOf(8);

const adapterRequest = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .max(100)
      .describe(
        'An adapter: a model that was uploaded, or trained with an adaptation other than `full`. A name, ' +
          '`name@version`, checkpoint id or job id',
      ),
    strength: z.number().min(-4).max(4).default(1).describe('Strength of the adapter: 1 as trained, 0 without effect'),
  })
  .meta({ id: 'GenerationAdapterRequest' });

export const DEFAULT_STRENGTH = 0.6;
export const DEFAULT_QUALITY = 90;

/** Base64 in both alphabets, also with line breaks, as many programs write it. */
const DATA_URL = /^data:image\/(?:png|jpe?g|webp);base64,[A-Za-z0-9+/_=\s-]+$/;
const startingImage = z.union([imageId, z.string().regex(DATA_URL, 'must be data:image/png;base64, and the image in Base64')]);

/** Number of images of one cell of a grid, or of the whole generation without a grid. */
export function imagesPerCell(of: {
  prompts: readonly string[];
  num_images: number;
  grid?: GenerationGridRequest | null | undefined;
}): number {
  const varies = of.grid?.x.parameter === 'prompt' || of.grid?.y?.parameter === 'prompt';
  return (varies ? 1 : of.prompts.length) * of.num_images;
}

export const createGenerationRequest = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .max(100)
      .describe(
        'A model by name or `name@version`, a checkpoint id, the id of a succeeded job, or the name of a base model. ' +
          'An uploaded adapter is used on the base model that it was made for',
      ),
    prompts: z
      .array(requiredText(2000))
      .min(1)
      .max(GENERATION_LIMITS.prompts)
      .describe(
        'What the images show. `[V]` stands for the first token of the model, `[name]` for the token of the component with this name',
      ),
    negative_prompt: negativePromptRequest,
    width: side.optional().describe("Default: the model's own size"),
    height: side.optional(),
    steps: z.int().min(1).max(1000).optional(),
    guidance_scale: z.number().min(0).max(50).optional(),
    style_guidance: z
      .number()
      .min(0)
      .max(50)
      .nullable()
      .optional()
      .describe('StyleDrop: strength of the adapted model against the base model, 0 to 2. Replaces guidance_scale'),
    text_guidance: z
      .number()
      .min(0)
      .max(50)
      .nullable()
      .optional()
      .describe(
        'StyleDrop: strength of the prompt against the negative prompt. Replaces guidance_scale. Default with ' +
          'style_guidance: guidance_scale - 1',
      ),
    sampler: z.enum(SAMPLERS).optional(),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .optional()
      .describe('Default: random; the response shows it'),
    num_images: z.int().min(1).max(16).default(1).describe('Images for each prompt'),
    adapters: z
      .array(adapterRequest)
      .max(GENERATION_LIMITS.adapters)
      .default([])
      .describe('Adapters to use on top of the model, trained here or uploaded. All must belong to the base model of the model'),
    image: startingImage
      .nullable()
      .optional()
      .describe(
        'An image to start from: the id of an uploaded or generated image, or a PNG, JPEG or WebP as ' +
          '`data:image/png;base64,...`. It is scaled and cropped to width and height',
      ),
    strength: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe(
        'With image: the share of the steps to run, above 0. Low values keep the image; 1 keeps hardly anything of it. Default: 0.6',
      ),
    grid: gridRequest
      .nullable()
      .optional()
      .describe(
        'Generates an x/y plot: images for each combination of the values of one or two settings. The setting `prompt` replaces `prompts`',
      ),
    format: z.enum(IMAGE_FORMATS).default('png'),
    quality: z.int().min(1).max(100).optional().describe('Quality of jpeg and webp, 1 to 100. Default: 90'),
    wait: z
      .number()
      .min(0)
      .max(GENERATION_LIMITS.waitSeconds)
      .default(0)
      .describe('Seconds to wait for the images before responding with 202'),
  })
  .refine((body) => imagesPerCell(body) * (body.grid ? cellCount(body.grid) : 1) <= GENERATION_LIMITS.images, {
    path: ['num_images'],
    message: `prompts times num_images, times the cells of grid, must be at most ${GENERATION_LIMITS.images}`,
  })
  .refine((body) => body.strength === undefined || body.image, {
    path: ['strength'],
    message: 'applies only to image: set an image to start from',
  })
  .refine((body) => body.quality === undefined || body.format !== 'png', {
    path: ['quality'],
    message: 'applies only to jpeg and webp: omit it, or set format',
  })
  .meta({
    id: 'CreateGenerationRequest',
    dependentSchemas: {
      strength: { required: ['image'], properties: { image: { type: 'string' } } },
      quality: { required: ['format'], properties: { format: { enum: IMAGE_FORMATS.filter((format) => format !== 'png') } } },
    },
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

/** The resolved configuration that the worker receives. */
export const generationConfig = z
  .object({
    model: z.string(),
    prompts: z.array(z.string()),
    negative_prompt: negativePromptSetting,
    width: z.int(),
    height: z.int(),
    steps: z.int(),
    guidance_scale: z.number(),
    style_guidance: z.number().nullable().describe('null: only guidance_scale is used'),
    text_guidance: z.number().nullable(),
    sampler: z.enum(SAMPLERS),
    seed: z.int(),
    num_images: z.int(),
    adapters: z.array(
      z.object({
        model: z.string(),
        checkpoint_id: checkpointId.nullable(),
        version_id: z.string().nullable().describe('The version of the model, for an uploaded adapter'),
        strength: z.number(),
      }),
    ),
    image: z
      .object({ id: imageId.nullable().describe('null: the image came with the request') })
      .nullable()
      .describe('The image that the generation starts from'),
    strength: z.number().nullable(),
    grid: grid.nullable(),
    format: z.enum(IMAGE_FORMATS),
    quality: z.int().nullable(),
    scoring: z
      .object({ extractor: z.enum(CLIP_EXTRACTORS), texts: z.array(z.string()) })
      .nullable()
      .describe('Candidates of a StyleDrop job: each image gets a CLIP score with the text of its prompt'),
  })
  .meta({ id: 'GenerationConfig' });
/** The configuration together with its warnings, which a row stores in the same column. */
export type GenerationConfig = z.infer<typeof generationConfig> & { warnings?: string[] | undefined };

const USUAL_SETTINGS = {
  ...METHOD_SAMPLING,
  num_images: 1,
  style_guidance: null,
  text_guidance: null,
  image: null,
  strength: null,
  grid: null,
  format: 'png',
  quality: null,
  scoring: null,
} as const;

/** Completes a stored configuration that was written before a setting existed. */
export function completeGenerationConfig(stored: GenerationConfig): GenerationConfig {
  const adapters = (stored.adapters ?? []).map((adapter) => ({ ...adapter, version_id: adapter.version_id ?? null }));
  return { ...USUAL_SETTINGS, ...stored, adapters };
}

export interface GenerationCell {
  /** The generation's settings, changed to those of the cell. */
  config: GenerationConfig;
  /** Index of the cell's first image. */
  first: number;
}

/** The generation as a list of settings, one for each cell, row by row. */
export function generationCells(config: GenerationConfig): GenerationCell[] {
  const of = config.grid;
  if (!of) return [{ config, first: 0 }];
  return Array.from({ length: cellCount(of) }, (_, cell) => {
    const { prompt, ...changes } = changesOf(of, cell);
    const settings = { ...config, ...changes, ...(prompt !== undefined && { prompts: [String(prompt)] }), grid: null } as GenerationConfig;
    return { config: settings, first: cell * imagesPerCell(config) };
  });
}

/** The cell that an image belongs to. */
export function cellOf(config: GenerationConfig, index: number): number {
  return Math.floor(index / imagesPerCell(config));
}

export const generation = z
  .object({
    id: generationId,
    status: generationStatus,
    base_model: z.string().nullable(),
    checkpoint_id: checkpointId.nullable(),
    training_job_id: trainingJobId.nullable(),
    ...annotationFields,
    config: generationConfig,
    warnings: z
      .array(z.string())
      .describe('Parts of the request that are ignored, such as the words of a prompt beyond the last position of the text encoder'),
    images: z.array(generatedImage),
    error: failure.nullable(),
    created_at: timestamp,
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
  })
  .meta({ id: 'Generation' });
export type GenerationBody = z.infer<typeof generation>;

/** A generation in lists, without its images. */
const generationSummary = generation.omit({ images: true }).meta({ id: 'GenerationSummary' });
export type GenerationSummaryBody = z.infer<typeof generationSummary>;

export const generationPage = pageOf(generationSummary, 'GenerationPage');

export const generationQuery = pageQuery(generationId).extend({ status: generationStatus.optional() });
