// Composes an evaluation's report: the measurements, the training, and the conclusion.
import type { Report, ReportPicture, ReportTraining } from '@styleforge/contracts';
import type { EvaluationRow, ImageRow, TrainingJobRow } from '@styleforge/database';
import { evaluationCommand, reachVerdict, trainingCommand } from '@styleforge/reports';
import type { Services } from '../services.ts';
import type { Measurements } from './measurements.ts';

/** Number of samples on the report's page; the API lists all of them. */
const SHOWN = { prompts: 16, references: 20, nearest: 4, losses: 200, validations: 8, validationPrompts: 6 } as const;

interface EvaluationImages {
  reference: ImageRow[];
  /** Training data of the first model. */
  styleRef: ImageRow[];
}

export async function composeReport(
  evaluation: EvaluationRow,
  found: Measurements,
  { reference, styleRef }: EvaluationImages,
  services: Services<'database'>,
): Promise<Report> {
  const { id, config, trainingJobId } = evaluation;
  const job = await trainedJob(evaluation, services);
  const training = job && (await describeTraining(evaluation, job, services));
  const models = config.models.map((model, index) => modelReport(evaluation, model, index, found, styleRef));
  const content = {
    format: 1 as const,
    id,
    training_job_id: trainingJobId,
    title: config.models[0]?.label ?? '',
    created_at: new Date().toISOString(),
    training,
    models,
    samples: samplesOf(evaluation),
    extractors: found.extractors,
    similarity_extractor: found.similarity_extractor,
    ...describeSettings(evaluation),
    reference: await describeReference(evaluation, job, found, reference, services),
    token_disentanglement: found.token_disentanglement,
    votes: null,
    overfitting: found.overfitting,
  };
  const repeat = trainingJobId !== null && job ? trainingCommand(job.config) : evaluationCommand(config);
  return { ...content, verdict: reachVerdict(content), repeat };
}

/** The job that trained the first model. */
export async function trainedJob({ config }: EvaluationRow, { database }: Services<'database'>): Promise<TrainingJobRow | null> {
  const jobId = config.models[0]?.training_job_id;
  return jobId ? database.trainingJobs.get(jobId) : null;
}

function describeSettings({ config }: EvaluationRow): Pick<Report, 'prompts' | 'sampling'> {
  const { prompts, prompts_sha256, prompt_set, num_images, sampler, steps, guidance_scale, negative_prompt, seed, width, height } = config;
  return {
    prompts: {
      set: prompt_set && `${prompt_set.name}@${prompt_set.version}`,
      sha256: prompts_sha256,
      list: prompts,
      images_per_prompt: num_images,
    },
    sampling: { sampler, steps, guidance_scale, negative_prompt, seed, width, height },
  };
}

const drawnUrl = (id: string, model: number, index: number) => `/v1/evaluations/${id}/images/${model}/${index}`;
const uploadedPicture = ({ id, fileName }: ImageRow): ReportPicture => ({ url: `/v1/images/${id}`, caption: fileName });

function modelReport(
  { id, config }: EvaluationRow,
  model: EvaluationRow['config']['models'][number],
  index: number,
  found: Measurements,
  styleRef: ImageRow[],
): Report['models'][number] {
  const { nearest = [], ...measured } = found.models[index] ?? { metrics: [], warnings: [], diversity: null, memorised: null };
  const shown = nearest.slice(0, SHOWN.nearest).flatMap((pair) => {
    const row = styleRef[pair.reference];
    if (!row) return [];
    const generated = {
      url: drawnUrl(id, index, pair.generated),
      caption: config.prompts[Math.floor(pair.generated / config.num_images)] ?? null,
    };
    return [{ ...pair, generated, reference: uploadedPicture(row) }];
  });
  return { ...model, ...measured, nearest: shown };
}

/** Selects samples evenly over the prompts, the first image of each prompt. */
function samplesOf({ id, config }: EvaluationRow): Report['samples'] {
  const { prompts, num_images, seed, models } = config;
  const count = Math.min(prompts.length, SHOWN.prompts);
  return Array.from({ length: count }, (_, place) => {
    const at = Math.floor((place * prompts.length) / count);
    const index = at * num_images;
    return {
      prompt: prompts[at] ?? '',
      seed: (seed + index) % 2 ** 32,
      pictures: models.map(({ label }, model) => ({ url: drawnUrl(id, model, index), caption: label })),
    };
  });
}

async function picturesOf(projectId: string, datasetId: string, { database }: Services<'database'>): Promise<ReportTraining['style_ref']> {
  const dataset = await database.datasets.find(projectId, datasetId);
  if (dataset === null) return null;
  const rows = await database.images.listByDataset(projectId, datasetId);
  const shown = rows.slice(0, SHOWN.references).map((row) => ({ url: `/v1/images/${row.id}`, caption: row.component ?? row.fileName }));
  return { dataset_id: datasetId, name: dataset.name, count: rows.length, pictures: shown };
}

async function describeTraining(
  { projectId, config }: EvaluationRow,
  job: TrainingJobRow,
  services: Services<'database'>,
): Promise<ReportTraining> {
  const { database } = services;
  const steps = config.models[0]?.step ?? 0;
  const points = await database.metrics.listUpTo(job.id, steps);
  const end = job.finishedAt?.getTime() ?? Date.now();
  return {
    job_id: job.id,
    config: job.config,
    steps,
    best: job.result?.best ?? null,
    seconds: job.startedAt === null ? null : Math.round((end - job.startedAt.getTime()) / 1000),
    style_ref: await picturesOf(projectId, job.config.style_ref.dataset_id, services),
    aux: job.config.aux && (await picturesOf(projectId, job.config.aux.dataset_id, services)),
    losses: meansOf(points.map(({ step, styleRefLoss, auxLoss }) => ({ step, style_ref_loss: styleRefLoss, aux_loss: auxLoss }))),
    validations: await database.studies.scoredValidations(job.id),
    ...(await validationGrid(job, steps, services)),
  };
}

/** Validation images by prompt and step, at evenly spaced steps that include the first and the last. */
async function validationGrid(
  job: TrainingJobRow,
  lastStep: number,
  { database }: Services<'database'>,
): Promise<Pick<ReportTraining, 'validation_prompts' | 'validation_samples'>> {
  const rows = (await database.validationImages.listFirst(job.id, SHOWN.validationPrompts)).filter(({ step }) => step <= lastStep);
  const steps = [...new Set(rows.map(({ step }) => step))];
  const count = Math.min(steps.length, SHOWN.validations);
  const shown = Array.from(
    { length: count },
    (_, place) => steps[count === 1 ? 0 : Math.round((place * (steps.length - 1)) / (count - 1))],
  );
  const first = rows.filter(({ step }) => step === shown[0]);
  return {
    validation_prompts: first.map(({ prompt }) => prompt),
    validation_samples: shown.map((step = 0) => ({
      step,
      pictures: rows
        .filter((row) => row.step === step)
        .map(({ index, prompt }) => ({ url: `/v1/training-jobs/${job.id}/images/${step}/${index}`, caption: `step ${step}: ${prompt}` })),
    })),
  };
}

type Loss = ReportTraining['losses'][number];

/** Smooths the curve: the loss of single steps varies with their timestep, and a mean over several shows the trend. */
function meansOf(points: Loss[]): Loss[] {
  const width = Math.ceil(points.length / SHOWN.losses);
  const means: Loss[] = [];
  for (let from = 0; from < points.length; from += width) {
    const part = points.slice(from, from + width);
    const mean = (of: (point: Loss) => number) => part.reduce((sum, point) => sum + of(point), 0) / part.length;
    const aux = part.every(({ aux_loss }) => aux_loss !== null) ? mean(({ aux_loss }) => aux_loss ?? 0) : null;
    means.push({ step: part.at(-1)?.step ?? 0, style_ref_loss: mean(({ style_ref_loss }) => style_ref_loss), aux_loss: aux });
  }
  return means;
}

async function describeReference(
  { projectId, config }: EvaluationRow,
  job: TrainingJobRow | null,
  found: Measurements,
  rows: ImageRow[],
  { database }: Services<'database'>,
): Promise<Report['reference']> {
  if (config.reference_dataset_id === null) return null;
  const dataset = await database.datasets.find(projectId, config.reference_dataset_id);
  return {
    dataset_id: config.reference_dataset_id,
    name: dataset?.name ?? '',
    count: rows.length,
    pictures: rows.slice(0, SHOWN.references).map(uploadedPicture),
    sha256: found.reference_sha256 ?? '',
    trained_on: job?.config.style_ref.dataset_id === config.reference_dataset_id,
  };
}
