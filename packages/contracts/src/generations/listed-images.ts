// Images of a whole project: of generations, of trainings (validation) or of evaluations, one kind at a time.
import { z } from 'zod';
import { checkpointId, evaluationId, generationId, ID_PREFIXES, imageId, trainingJobId } from '../common/ids.ts';
import { pageOf, pageQuery, timestamp } from '../common/pages.ts';
import { evaluationImage } from '../evaluations/evaluations.ts';
import { validationImage } from '../training/training-jobs.ts';
import { generatedImage } from './generated-images.ts';

export const IMAGE_KINDS = ['generation', 'validation', 'evaluation'] as const;
export type ImageKind = (typeof IMAGE_KINDS)[number];

const source = {
  base_model: z.string().nullable().describe('The base model that the image was made with; null for one of a checkpoint'),
  checkpoint_id: checkpointId.nullable(),
  training_job_id: trainingJobId.nullable().describe('The training job of the checkpoint'),
};

export const listedImage = generatedImage
  .extend({ kind: z.literal('generation'), generation_id: generationId, ...source })
  .meta({ id: 'ListedImage', description: 'An image of a generation' });
export type ListedImageBody = z.infer<typeof listedImage>;

export const listedValidationImage = validationImage
  .extend({ kind: z.literal('validation'), training_job_id: trainingJobId, base_model: z.string() })
  .meta({ id: 'ListedValidationImage', description: 'An image that a training job made of itself; step 0 is the base model' });
export type ListedValidationImageBody = z.infer<typeof listedValidationImage>;

export const listedEvaluationImage = evaluationImage
  .extend({ kind: z.literal('evaluation'), evaluation_id: evaluationId, ...source, created_at: timestamp })
  .meta({ id: 'ListedEvaluationImage', description: 'An image of one of the models that an evaluation compares' });
export type ListedEvaluationImageBody = z.infer<typeof listedEvaluationImage>;

export type AnyListedImageBody = ListedImageBody | ListedValidationImageBody | ListedEvaluationImageBody;
export const listedImagePage = pageOf(z.union([listedImage, listedValidationImage, listedEvaluationImage]), 'ListedImagePage');

const placeBelow = (kind: 'trainingJob' | 'evaluation') => new RegExp(String.raw`^${ID_PREFIXES[kind]}_[0-9a-f-]{36}\.\d{1,9}\.\d{1,9}$`);
const CURSORS = {
  generation: (text) => imageId.safeParse(text).success,
  validation: (text) => placeBelow('trainingJob').test(text),
  evaluation: (text) => placeBelow('evaluation').test(text),
} satisfies Record<ImageKind, (text: string) => boolean>;

export const imageQuery = pageQuery(z.string().min(1).max(100))
  .extend({
    kind: z
      .enum(IMAGE_KINDS)
      .default('generation')
      .describe('`validation`: sample images of training jobs; `evaluation`: images that evaluations compare'),
    model: z.string().min(1).max(100).optional().describe('A model of the registry, a base model, a checkpoint, or a training job'),
    training_job: trainingJobId.optional().describe('Images of any checkpoint of this job'),
    starred: z
      .enum(['true', 'false'])
      .transform((text) => text === 'true')
      .optional()
      .describe('Only images with a star, or only those without. Images of evaluations have no stars'),
  })
  .superRefine(({ kind, after, starred }, context) => {
    if (after !== undefined && !CURSORS[kind](after))
      context.addIssue({ code: 'custom', path: ['after'], message: `must be the \`next\` of a page with kind=${kind}` });
    if (starred !== undefined && kind === 'evaluation')
      context.addIssue({ code: 'custom', path: ['starred'], message: 'needs another kind: images of evaluations have no stars' });
  });
