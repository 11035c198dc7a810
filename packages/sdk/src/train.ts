// Training in one call: checks settings and images, uploads folders as datasets, and follows the job to its end.
import { StyleForgeError } from './errors.ts';
import type { Uploadable } from './files.ts';
import { refuseSmallImages } from './inspect.ts';
import type { RequestOptions, WaitOptions } from './options.ts';
import type { BaseModels } from './resources/base-models.ts';
import type { Datasets } from './resources/datasets.ts';
import type { TrainingJobs } from './resources/training-jobs.ts';
import type { Dataset, TrainingJob, TrainingJobCheckParams, TrainingJobCreateParams } from './types.ts';

/** The resources that a training needs. */
type Resources = { baseModels: BaseModels; datasets: Datasets; trainingJobs: TrainingJobs };

/** The id of a dataset, a folder (Node), or files. */
export type TrainingImages = string | Uploadable[];

export interface TrainParams extends Omit<WaitOptions<TrainingJob>, 'signal'> {
  styleRef: TrainingImages;
  aux?: TrainingImages | undefined;
  /** Default: the only installed base model. */
  baseModel?: string | undefined;
  method?: TrainingJobCreateParams['method'] | undefined;
  /** Additional fields of `trainingJobs.create`; `style_ref` and `aux` without their `dataset_id`. */
  settings?: Partial<Omit<TrainingJobCheckParams, 'method' | 'base_model'>> | undefined;
  /** Whether to wait for the end of the job; false returns the queued job. */
  wait?: boolean | undefined;
}

export async function train(client: Resources, params: TrainParams, options: RequestOptions = {}): Promise<TrainingJob> {
  const { styleRef, aux, method = 'single-styleforge', settings = {}, wait = true, ...waiting } = params;
  const baseModel = params.baseModel ?? (await onlyBaseModel(client, options));
  const request = {
    method,
    base_model: baseModel,
    ...settings,
    style_ref: { ...settings.style_ref },
    ...(aux !== undefined && { aux: { ...settings.aux } }),
  } as TrainingJobCheckParams;
  const { hyperparameters } = await client.trainingJobs.check(request, options);
  // Checked before the upload, so that a refusal leaves no dataset behind.
  for (const images of [styleRef, aux])
    if (images !== undefined && !isDatasetId(images)) await refuseSmallImages(images, hyperparameters.resolution);
  const styleRefId = await datasetOf(client, styleRef, 'style_ref', options);
  const body = {
    ...request,
    style_ref: { ...request.style_ref, dataset_id: styleRefId },
    ...(aux !== undefined && { aux: { ...request.aux, dataset_id: await datasetOf(client, aux, 'aux', options) } }),
  } as TrainingJobCreateParams;
  const job = await client.trainingJobs.create(body, options);
  return wait ? client.trainingJobs.waitFor(job.id, { ...waiting, signal: options.signal }) : job;
}

function isDatasetId(images: TrainingImages): boolean {
  return typeof images === 'string' && /^ds_[0-9a-f-]{36}$/.test(images);
}

async function datasetOf(client: Resources, images: TrainingImages, kind: Dataset['kind'], options: RequestOptions): Promise<string> {
  if (isDatasetId(images)) return images as string;
  const name =
    typeof images === 'string'
      ? images
          .replace(/[/\\]+$/, '')
          .split(/[/\\]/)
          .at(-1)
      : undefined;
  const { id } = await client.datasets.create({ name: name || (kind === 'aux' ? 'aux' : 'style'), kind }, options);
  await client.datasets.upload(id, images, options);
  return id;
}

async function onlyBaseModel(client: Resources, options: RequestOptions): Promise<string> {
  const [first, ...others] = (await client.baseModels.list(options)).map(({ name }) => name);
  if (first === undefined) throw new StyleForgeError('This service has no base model installed.');
  if (others.length > 0) throw new StyleForgeError(`baseModel: name one of ${[first, ...others].join(', ')}`);
  return first;
}
