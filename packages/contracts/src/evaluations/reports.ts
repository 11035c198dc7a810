// The report of an evaluation: what was compared, the values and how they were measured, and what they mean.
import { z } from 'zod';
import { evaluatedModel } from './evaluations.ts';
import { EXTRACTORS, METRICS } from './extractors.ts';
import { datasetId, evaluationId, trainingJobId } from '../common/ids.ts';
import { timestamp } from '../common/pages.ts';
import { SAMPLERS, negativePromptSetting } from '../models/samplers.ts';
import { withAbsentFields } from '../common/stored-json.ts';
import { tokenDisentanglement } from './token-disentanglement.ts';
import { completeTrainingConfig, trainingConfig } from '../training/training-config.ts';
import { type EvaluationSummary, verdictAxes } from './verdicts.ts';
import { voteTally } from './votes.ts';

export const LEAST_IMAGES_FOR_FID = 2048;

const picture = z.object({ url: z.string(), caption: z.string().nullable() });
export type ReportPicture = z.infer<typeof picture>;

const pictures = z.object({
  dataset_id: datasetId,
  name: z.string(),
  count: z.int(),
  pictures: z.array(picture).describe('Some images of the dataset, the first uploaded first'),
});

export const reportMetric = z
  .object({
    metric: z.enum(METRICS),
    name: z.string().describe('Name of the metric, with its extractor if that is not the usual one: kid@mini-clip'),
    value: z.number(),
    better: z.enum(['lower', 'higher']),
    interval: z
      .object({ low: z.number(), high: z.number(), level: z.number(), replicates: z.int() })
      .nullable()
      .describe('95 % interval, from a bootstrap over the images'),
    standard_deviation: z.number().nullable().describe('KID: standard deviation over the subsets'),
    extractor: z.enum(EXTRACTORS),
    generated: z.int().describe('Number of generated images'),
    reference: z.int().nullable().describe('Number of reference images'),
    seed: z.int(),
    subsets: z.int().nullable(),
    subset_size: z.int().nullable(),
    chance: z
      .number()
      .nullable()
      .describe(
        'CLIP: the mean score of these images with the prompts of other images; this chance level does not depend on ' +
          'how prompts are followed',
      ),
  })
  .meta({ id: 'ReportMetric' });
export type ReportMetric = z.infer<typeof reportMetric>;

const neighbor = z.object({ generated: picture, reference: picture, distance: z.number(), memorised: z.boolean() });

export const reportModel = evaluatedModel
  .extend({
    metrics: z.array(reportMetric).describe('The metrics, the most informative one first'),
    warnings: z.array(z.object({ code: z.string(), message: z.string() })),
    diversity: z
      .object({ generated: z.number(), reference: z.number().nullable(), ratio: z.number().nullable() })
      .nullable()
      .describe('Mean distance over all pairs of images, between their features as unit vectors; low when all images are alike'),
    memorised: z
      .object({ count: z.int(), share: z.number() })
      .nullable()
      .describe('Number of images that are much nearer to one reference image than to any other'),
    nearest: z.array(neighbor).describe('The generated images that are closest to a reference image, each with that image'),
  })
  .meta({ id: 'ReportModel' });
export type ReportModel = z.infer<typeof reportModel>;

const reportExtractor = z.object({
  name: z.enum(EXTRACTORS),
  dimension: z.int(),
  resize: z.string(),
  weights_sha256: z.string(),
});

const loss = z.object({ step: z.int(), style_ref_loss: z.number(), aux_loss: z.number().nullable() });

const OVERFITTING_SIGNS = ['kid-rising', 'clip-falling', 'low-diversity', 'memorised-pictures'] as const;
const overfittingSign = z.object({
  sign: z.enum(OVERFITTING_SIGNS),
  present: z.boolean().nullable().describe('null: not enough data'),
  explanation: z.string(),
});
export type OverfittingSign = z.infer<typeof overfittingSign>;

const validationSamples = z.object({ step: z.int(), pictures: z.array(picture).describe('One image for each validation prompt') });

const training = z.object({
  job_id: trainingJobId,
  config: trainingConfig,
  steps: z.int(),
  seconds: z.number().nullable(),
  best: z.object({ step: z.int(), metric: z.string(), value: z.number() }).nullable(),
  style_ref: pictures.nullable(),
  aux: pictures.nullable(),
  losses: z.array(loss).describe('Losses, averaged over short intervals of steps'),
  validations: z.array(z.object({ step: z.int(), scores: z.record(z.string(), z.number()) })),
  validation_prompts: z.array(z.string()),
  validation_samples: z.array(validationSamples).describe('Some of the validations, including the first and the last'),
});
export type ReportTraining = z.infer<typeof training>;

export const report = z
  .object({
    format: z.literal(1),
    id: evaluationId,
    training_job_id: trainingJobId.nullable().describe('The training job whose evaluation stage made the report'),
    title: z.string(),
    created_at: timestamp,
    verdict: z.object({
      ...verdictAxes,
      summary: z.string(),
      points: z.array(z.string()),
      next: z.array(z.string()).describe('What to do next'),
      cautions: z.array(z.string()),
    }),
    training: training.nullable().describe('null for a base model'),
    prompts: z.object({ set: z.string().nullable(), sha256: z.string(), list: z.array(z.string()), images_per_prompt: z.int() }),
    sampling: z.object({
      sampler: z.enum(SAMPLERS),
      steps: z.int(),
      guidance_scale: z.number(),
      negative_prompt: negativePromptSetting,
      seed: z.int(),
      width: z.int(),
      height: z.int(),
    }),
    reference: pictures
      .extend({ sha256: z.string(), trained_on: z.boolean().describe('The model was trained on these images') })
      .nullable(),
    extractors: z.array(reportExtractor),
    similarity_extractor: z.enum(EXTRACTORS).describe('Extractor for diversity and for the closest images'),
    models: z.array(reportModel).min(1),
    samples: z.array(
      z.object({
        prompt: z.string(),
        seed: z.int(),
        pictures: z.array(picture).describe('One image of each model, in the order of `models`'),
      }),
    ),
    overfitting: z.array(overfittingSign),
    token_disentanglement: tokenDisentanglement.nullable(),
    votes: voteTally.nullable().describe('Blind votes so far; null if there are none'),
    repeat: z.string().describe('Command that repeats the evaluation or the training job'),
  })
  .meta({ id: 'Report' });
export type Report = z.infer<typeof report>;

/** The summary of a report that lists and studies show. */
export function summarizeReport({ verdict, models: [judged] }: Pick<Report, 'verdict' | 'models'>): EvaluationSummary {
  const { outcome, style_gap_closed, prompt_following_kept, diversity_kept } = verdict;
  const metrics = (judged?.metrics ?? []).map(({ name, value, better }) => ({ name, value, better }));
  return { outcome, style_gap_closed, prompt_following_kept, diversity_kept, step: judged?.step ?? null, metrics };
}

/** Reads a stored report and completes one that was written before a field or setting existed. Throws a ZodError if it is not a report. */
export function parseStoredReport(stored: unknown): Report {
  const { training, ...rest } = stored as Report;
  const completed = training && { ...training, config: completeTrainingConfig(training.config) };
  return report.parse(withAbsentFields(report, { ...rest, training: completed }));
}
