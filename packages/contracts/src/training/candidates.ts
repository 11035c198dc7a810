// Candidates that a StyleDrop job has generated, and their verdicts: kept, dropped, or not seen yet.
import { z } from 'zod';
import { exampleId, generationId, imageId, trainingJobId } from '../common/ids.ts';
import { missingObject } from '../common/pages.ts';
import { generationStatus } from '../common/statuses.ts';
import { THUMBNAIL } from '../datasets/thumbnails.ts';

export const VERDICTS_ON_CANDIDATES = ['keep', 'drop'] as const;
export type CandidateVerdict = (typeof VERDICTS_ON_CANDIDATES)[number];

export const setFeedbackRequest = z
  .strictObject({
    items: z
      .array(
        z.strictObject({
          image_id: imageId,
          verdict: z.enum(VERDICTS_ON_CANDIDATES).nullable().describe('null: undecided'),
        }),
      )
      .min(1)
      .max(4096)
      .refine((items) => new Set(items.map(({ image_id }) => image_id)).size === items.length, 'must not name an image twice'),
  })
  .meta({ id: 'SetFeedbackRequest', examples: [{ items: [{ image_id: exampleId('image'), verdict: 'keep' }] }] });

const candidate = z.object({
  image_id: imageId,
  index: z.int(),
  prompt: z.string(),
  subject: z
    .string()
    .describe(
      'The prompt without the style. It becomes the caption of the image in round 2, and the CLIP score compares the image with it',
    ),
  clip_score: z.number().nullable().describe('100 times the cosine between image and subject; null until all candidates are generated'),
  verdict: z.enum(VERDICTS_ON_CANDIDATES).nullable(),
  missing: missingObject,
  url: z.string(),
  thumbnail_url: z.string().describe(THUMBNAIL),
});
export type CandidateBody = z.infer<typeof candidate>;

export const feedback = z
  .object({
    training_job_id: trainingJobId,
    generation_id: generationId.nullable().describe('The generation of the candidates; null if the job has none or none yet'),
    status: generationStatus.nullable().describe('Status of that generation'),
    of: z.int().describe('Number of candidates in all'),
    counts: z.object({ keep: z.int(), drop: z.int(), undecided: z.int() }),
    candidates: z.array(candidate),
  })
  .meta({ id: 'Feedback' });
export type FeedbackBody = z.infer<typeof feedback>;
