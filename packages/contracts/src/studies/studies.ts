// Studies: variations of one training job, run as separate jobs and compared.
import { z } from 'zod';
import { notesFields } from '../common/annotations.ts';
import { requiredText } from '../common/text.ts';
import { checkpointId, evaluationId, exampleId, studyId, trainingJobId } from '../common/ids.ts';
import { pageOf, timestamp } from '../common/pages.ts';
import { jobStatus } from '../common/statuses.ts';
import { evaluationSummary } from '../evaluations/verdicts.ts';
import { createTrainingJobRequest, type CreateTrainingJobRequest } from '../training/training-request.ts';

export const STUDY_LIMITS = { variations: 64 } as const;

const changes = z.record(z.string(), z.unknown());
const pointer = z
  .string()
  .max(200)
  .regex(/^(\/[a-z0-9_]+)+$/, 'must be a JSON pointer into the job, such as /hyperparameters/max_train_steps');

export const createStudyRequest = z
  .strictObject({
    name: requiredText(200),
    job: createTrainingJobRequest.describe('The request that all variations share'),
    variations: z
      .array(
        z.strictObject({ name: requiredText(200), changes: changes.describe('JSON merge patch (RFC 7396) that is applied to the job') }),
      )
      .max(STUDY_LIMITS.variations)
      .default([]),
    grid: z
      .array(z.strictObject({ pointer, values: z.array(z.unknown()).min(1).max(STUDY_LIMITS.variations) }))
      .max(6)
      .default([])
      .describe('Values by JSON pointer; every combination becomes a variation'),
  })
  .refine((body) => isStudySize(countVariations(body)), {
    path: ['variations'],
    error: ({ input }) => {
      const count = countVariations(input as VariationsAndGrid);
      return `variations and grid result in ${count} jobs: a study has 2 to ${STUDY_LIMITS.variations}`;
    },
  })
  .meta({
    id: 'CreateStudyRequest',
    if: { not: { required: ['grid'], properties: { grid: { minItems: 1 } } } },
    then: { required: ['variations'], properties: { variations: { minItems: 2 } } },
    examples: [
      {
        name: 'steps and lambda',
        job: {
          method: 'single-styleforge',
          base_model: 'styleforge-mini',
          style_ref: { dataset_id: exampleId('dataset') },
          aux: { dataset_id: exampleId('dataset') },
        },
        grid: [
          { pointer: '/hyperparameters/max_train_steps', values: [100, 200] },
          { pointer: '/aux/weight', values: [0.5, 1] },
        ],
      },
    ],
  });
export type CreateStudyRequest = z.infer<typeof createStudyRequest>;

export interface StudyVariation {
  name: string;
  changes: Record<string, unknown>;
}

const isStudySize = (count: number): boolean => count >= 2 && count <= STUDY_LIMITS.variations;

interface VariationsAndGrid {
  variations: StudyVariation[];
  grid: { pointer: string; values: unknown[] }[];
}

/** Counts the variations of a request without creating their jobs. */
export function countVariations({ variations, grid }: VariationsAndGrid): number {
  if (grid.length === 0) return variations.length;
  return variations.length + grid.reduce((product, { values }) => product * values.length, 1);
}

/** The variations of the list, then every combination of the grid, the last pointer changing fastest. */
export function listVariations({ variations, grid }: VariationsAndGrid): StudyVariation[] {
  const count = countVariations({ variations, grid });
  if (count > STUDY_LIMITS.variations) throw new Error(`A study has at most ${STUDY_LIMITS.variations} variations, not ${count}.`);
  if (grid.length === 0) return variations;
  const combinations = grid.reduce<StudyVariation[]>(
    (soFar, { pointer: path, values }) =>
      soFar.flatMap(({ name, changes: before }) =>
        values.map((value) => ({
          name: [name, `${path.slice(path.lastIndexOf('/') + 1)}=${JSON.stringify(value)}`].filter(Boolean).join(', '),
          changes: merge(before, nest(path.slice(1).split('/'), value), { nullRemoves: false }) as StudyVariation['changes'],
        })),
      ),
    [{ name: '', changes: {} }],
  );
  return [...variations, ...combinations];
}

function nest(path: string[], value: unknown): unknown {
  return path.reduceRight((inner: unknown, key) => ({ [key]: inner }), value);
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Merges objects; any other value replaces the earlier one. */
function merge(target: unknown, patch: unknown, options: { nullRemoves: boolean }): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null && options.nullRemoves) merged.delete(key);
    else merged.set(key, merge(merged.get(key), value, options));
  }
  return Object.fromEntries(merged);
}

/** The job of one variation (RFC 7396) as a request that has not been checked yet. */
export function variedJob(job: CreateTrainingJobRequest, { changes: patch }: StudyVariation): unknown {
  return merge(job, patch, { nullRemoves: true });
}

const studyRow = z
  .object({
    name: z.string(),
    changes,
    training_job_id: trainingJobId,
    status: jobStatus,
    final_step: z.int().nullable(),
    checkpoint_id: checkpointId.nullable(),
    style_ref_loss: z.number().nullable().describe('Mean over the last tenth of the steps'),
    aux_loss: z.number().nullable().describe('Mean over the last tenth of the steps'),
    best: z
      .object({ step: z.int(), metric: z.string(), value: z.number() })
      .nullable()
      .describe('With early stopping: the validation with the best score'),
    scores: z.array(z.object({ step: z.int(), scores: z.record(z.string(), z.number()) })).describe('Scores of the validations'),
    evaluation: evaluationSummary
      .extend({ id: evaluationId })
      .nullable()
      .describe('The job\'s own evaluation, once it has succeeded: request `evaluation` with `compare_with: ["base"]` in the job'),
    seconds: z.number().nullable().describe('Time from start to end'),
  })
  .meta({ id: 'StudyRow' });
export type StudyRow = z.infer<typeof studyRow>;

const studyFields = {
  id: studyId,
  name: z.string(),
  ...notesFields,
  status: z.enum(['running', 'finished']).describe('`finished` when none of its jobs is queued, paused or running'),
  jobs: z.partialRecord(jobStatus, z.int()).describe('Number of its jobs in each status'),
  created_at: timestamp,
  finished_at: timestamp.nullable().describe('Time at which the last job ended'),
};

export const study = z
  .object({
    ...studyFields,
    report: z.array(studyRow).describe('One row for each variation, in the order of the request'),
    leaders: z
      .array(z.object({ metric: z.string(), name: z.string(), training_job_id: trainingJobId, step: z.int(), value: z.number() }))
      .describe(
        'The variation with the best value of each metric, from the evaluations of the jobs, or from early stopping ' +
          'if a job has no evaluation. A collapsed model leads only if all have collapsed',
      ),
  })
  .meta({ id: 'Study' });
export type StudyBody = z.infer<typeof study>;

const studySummary = z.object(studyFields).meta({ id: 'StudySummary' });
export type StudySummaryBody = z.infer<typeof studySummary>;
export const studyPage = pageOf(studySummary, 'StudyPage');
