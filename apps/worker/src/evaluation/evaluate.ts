// One evaluation from start to end, of a job or on its own: generate the images of each model, measure them, write the report.
import { join } from 'node:path';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { type EvaluationProgress, summarizeReport } from '@styleforge/contracts';
import type { EvaluationRow, TrainingJobRow } from '@styleforge/database';
import { evaluationImageKey, evaluationReportKey } from '@styleforge/storage';
import { compileOptions } from '../device.ts';
import { imageTexts } from '../image-texts.ts';
import { runInChild } from '../processes/job-process.ts';
import type { DrawnImage, MeasureTask } from '../processes/messages.ts';
import { encodePng } from '../png.ts';
import type { Services } from '../services.ts';
import { composeReport, trainedJob } from './compose-report.ts';
import { drawnImageFile, fetchComponents, fetchDrawn, fetchModel, fetchReference, fetchStyleRef } from './evaluation-inputs.ts';
import { type Measurements, measurements } from './measurements.ts';

export type EvaluationServices = Services<
  | 'devices'
  | 'database'
  | 'objectStore'
  | 'baseModelsDirectory'
  | 'baseModelCacheDirectory'
  | 'featureCacheDirectory'
  | 'settings'
  | 'usage'
  | 'log'
>;

export const NOTHING_DONE: EvaluationProgress = { phase: 'images', done: 0, of: 0 };

export interface EvaluationHost {
  /** Aborted when the evaluation is to stop, with the reason. */
  signal: AbortSignal;
  onProgress(progress: EvaluationProgress): void;
}

/** `aborted`: the signal stopped it; the images that were made until then are kept. */
export async function evaluate(
  evaluation: EvaluationRow,
  host: EvaluationHost,
  scratch: string,
  services: EvaluationServices,
): Promise<'done' | 'aborted'> {
  const { config } = evaluation;
  const drawnDirectory = join(scratch, 'drawn');
  const reference = await fetchReference(evaluation, join(scratch, 'reference'), services);
  const perModel = config.prompts.length * config.num_images;
  const progress = {
    phase: 'images' as const,
    done: await fetchDrawn(evaluation, drawnDirectory, services),
    of: perModel * config.models.length,
  };
  host.onProgress(progress);
  // The evaluated model comes last, because its folder may be needed again.
  for (const model of [...config.models.keys()].reverse()) {
    const onDrawn = async (image: DrawnImage) => {
      await keepImage(evaluation, image, drawnDirectory, services);
      progress.done += 1;
      host.onProgress({ ...progress });
    };
    if ((await draw(evaluation, model, onDrawn, host, scratch, services)) === 'aborted') return 'aborted';
  }
  const job = await trainedJob(evaluation, services);
  const styleRef = await fetchStyleRef(evaluation.projectId, job, join(scratch, 'style-ref'), services);
  const found = await measure({ evaluation, job, reference, styleRef }, host, scratch, services);
  if (found === 'aborted') return 'aborted';
  const report = await composeReport(evaluation, found, { reference, styleRef }, services);
  await services.objectStore.put(evaluationReportKey(evaluation.projectId, evaluation.id), Buffer.from(JSON.stringify(report)));
  await services.database.evaluations.recordSummary(evaluation.id, evaluation.attempt, summarizeReport(report));
  return 'done';
}

const modelDirectory = (scratch: string, model: number) => join(scratch, 'models', String(model));

async function draw(
  evaluation: EvaluationRow,
  model: number,
  onDrawnImage: (image: DrawnImage) => Promise<void>,
  host: EvaluationHost,
  scratch: string,
  services: EvaluationServices,
): Promise<'done' | 'aborted'> {
  const { id, projectId, config } = evaluation;
  const chosen = config.models[model];
  if (!chosen) throw new Error(`evaluation ${id} has no model ${model}`);
  const made = (await services.database.evaluations.listImages(id, model)).map(({ index }) => index);
  const directory = await fetchModel(projectId, chosen, modelDirectory(scratch, model), services);
  const result = await services.devices.with((device) =>
    runInChild(
      {
        kind: 'draw',
        compile: compileOptions(device, services.settings.generationThreads),
        modelDirectory: directory,
        config,
        model,
        made,
        extractorsDirectory: services.baseModelsDirectory,
      },
      { signal: host.signal, log: services.log, onDrawnImage },
    ),
  );
  if (model > 0) await rm(modelDirectory(scratch, model), { recursive: true, force: true });
  return result === 'aborted' ? 'aborted' : 'done';
}

async function keepImage(
  { id, projectId, config }: EvaluationRow,
  image: DrawnImage,
  directory: string,
  services: EvaluationServices,
): Promise<void> {
  const { model, index, prompt, seed, width, height } = image;
  const { sampler, steps, guidance_scale, negative_prompt } = config;
  const name = config.models[model]?.name ?? '';
  const png = await encodePng(
    image,
    imageTexts({ prompt, negative_prompt, seed, steps, guidance_scale, sampler, width, height, model: name, evaluation_id: id }),
  );
  await mkdir(join(directory, String(model)), { recursive: true });
  await writeFile(drawnImageFile(directory, model, index), png);
  const objectKey = evaluationImageKey(projectId, id, model, index);
  const { size, sha256 } = await services.objectStore.put(objectKey, png);
  await services.database.evaluations.recordImage({
    evaluationId: id,
    model,
    index,
    prompt,
    seed,
    width,
    height,
    sizeBytes: size,
    sha256,
    objectKey,
  });
  services.usage?.images(1);
}

interface Measured {
  evaluation: EvaluationRow;
  job: TrainingJobRow | null;
  reference: { path: string }[];
  styleRef: { path: string }[];
}

async function measure(
  { evaluation, job, reference, styleRef }: Measured,
  host: EvaluationHost,
  scratch: string,
  services: EvaluationServices,
): Promise<Measurements | 'aborted'> {
  const { config } = evaluation;
  const perModel = config.prompts.length * config.num_images;
  const result = await runInChild(
    {
      kind: 'measure',
      compile: compileOptions(services.settings.devices[0], services.settings.generationThreads),
      config,
      reference: reference.map(({ path }) => path),
      styleRef: styleRef.map(({ path }) => path),
      drawn: config.models.map((_, model) =>
        Array.from({ length: perModel }, (_unused, index) => drawnImageFile(join(scratch, 'drawn'), model, index)),
      ),
      history: job ? await services.database.studies.scoredValidations(job.id) : [],
      tokens: await tokensOf(evaluation, job, scratch, services),
      extractorsDirectory: services.baseModelsDirectory,
      cacheDirectory: services.featureCacheDirectory,
    },
    { signal: host.signal, log: services.log, onMeasuring: ({ done, of }) => host.onProgress({ phase: 'metrics', done, of }) },
  );
  return result === 'aborted' ? 'aborted' : measurements.parse(result.measurements);
}

/** Tokens of a model that binds several components, if a CLIP extractor can compare them. */
async function tokensOf(
  { projectId, config }: EvaluationRow,
  job: TrainingJobRow | null,
  scratch: string,
  services: EvaluationServices,
): Promise<MeasureTask['tokens']> {
  if (job === null || !config.metrics.includes('clip')) return null;
  const components = await fetchComponents(projectId, job.config, join(scratch, 'components'), services);
  return components && { modelDirectory: modelDirectory(scratch, 0), components };
}
