// Verdicts: the outcome of a training in shares of the base model's values, for reports and for lists.
import { z } from 'zod';

export const VERDICT_OUTCOMES = ['took_hold', 'subjects_suffer', 'collapsed', 'did_not_take_hold'] as const;
export type VerdictOutcome = (typeof VERDICT_OUTCOMES)[number];

const share = z.number().nullable();
/** The numbers that decide a verdict, as shares of the base model's values. */
export const verdictAxes = {
  outcome: z.enum(VERDICT_OUTCOMES).nullable().describe('null: no base model to compare with, or no metric to compare by'),
  style_gap_closed: share.describe(
    "Share of the base model's distance to the reference images that the training closed; negative if the model is farther away",
  ),
  prompt_following_kept: share.describe("Share of the base model's CLIP score above chance that the model keeps"),
  diversity_kept: share.describe("Mean distance between two images, as a share of the base model's"),
};

/** The summary of a report that lists and studies show. */
export const evaluationSummary = z
  .object({
    ...verdictAxes,
    step: z.int().nullable(),
    metrics: z.array(z.object({ name: z.string(), value: z.number(), better: z.enum(['lower', 'higher']) })),
  })
  .meta({ id: 'EvaluationSummary' });
export type EvaluationSummary = z.infer<typeof evaluationSummary>;
