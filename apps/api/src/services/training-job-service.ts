// Creates training jobs: checks that everything the job needs is there and fits together, then queues it.
import { ALL_IMAGES, resolveTrainingConfig, styleWords } from '@styleforge/contracts';
import type { CreateTrainingJobRequest, DatasetKind, ErrorCode, EvaluationRequest, EvaluationStage, FieldError, TrainingConfig } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import type { DatasetSummary, TrainingJobRow } from '@styleforge/database';
import type { ApiDependencies } from '../dependencies.ts';
import { ApiError } from '../errors/api-error.ts';
import type { BaseModelEntry } from './base-model-catalog.ts';
import { resolveEvaluation } from './evaluation-settings.ts';
import { checkWebhookUrl } from './webhook-urls.ts';

type NewJob = { projectId: string; body: CreateTrainingJobRequest; reservedUuid: string | undefined };

export async function createTrainingJob(dependencies: ApiDependencies, { projectId, body, reservedUuid }: NewJob): Promise<TrainingJobRow> {
  const config = await resolveJob(dependencies, projectId, body);
  // Only a request that may be sent twice has an id that may be there already.
  const id = reservedUuid && newId('trainingJob', reservedUuid);
  const { metadata, priority, webhook_url: webhookUrl } = body;
  const job = await dependencies.database.trainingJobs.create({ id, projectId, config, metadata, priority, webhookUrl, maxQueuedJobs: dependencies.maxQueuedJobsPerProject });
  if (job === null) throw new ApiError('unusable_dataset', 'A dataset of this job has just been deleted.');
  return job;
}

/** Every default filled in; throws an ApiError for what cannot be trained. */
export async function resolveJob(dependencies: ApiDependencies, projectId: string, body: CreateTrainingJobRequest): Promise<TrainingConfig> {
  const { database, baseModels, mayReach } = dependencies;
  if (body.webhook_url) refuse('validation_failed', checkWebhookUrl({ mayReach }, '/webhook_url', body.webhook_url));
  const baseModel = await baseModels.find(body.base_model);
  if (baseModel === null) throw unknownBaseModel(body.base_model, await baseModels.list());
  const resolution = resolveTrainingConfig(body, baseModel.profile);
  if (!resolution.ok) throw refusal('validation_failed', resolution.errors);
  const { config } = resolution;
  refuse('validation_failed', checkResolution(config, baseModel));
  const reference = config.early_stopping?.reference_dataset_id;
  const named = [config.style_ref.dataset_id, config.aux?.dataset_id, reference].filter((id) => id !== undefined && id !== null);
  const datasets = await database.datasets.findAll(projectId, named);
  const datasetOf = (id: string) => datasets.get(id) ?? null;
  refuse('unusable_dataset', [
    ...checkStyleRef(config, datasetOf(config.style_ref.dataset_id)),
    ...(config.aux ? checkAux(config.aux, datasetOf(config.aux.dataset_id)) : []),
    ...(reference ? checkReference(reference, datasetOf(reference)) : []),
  ]);
  return body.evaluation ? { ...config, evaluation: await resolveStage(dependencies, projectId, body.evaluation, { config, baseModel }) } : config;
}

/** What the job is evaluated with once it has been trained. */
function resolveStage(
  dependencies: ApiDependencies, projectId: string, request: EvaluationRequest, { config, baseModel }: { config: TrainingConfig; baseModel: BaseModelEntry },
): Promise<EvaluationStage> {
  return resolveEvaluation(dependencies, request, {
    projectId, pointer: '/evaluation', styleRefDatasetId: config.style_ref.dataset_id,
    judged: { name: 'this job', base_model: config.base_model, checkpoint_id: null, ...styleWords(config) }, trains: true,
    size: { resolution: config.hyperparameters.resolution, defaults: baseModel.profile.generation },
  });
}

/** Sizes are halved at every level of the U-Net but the last. */
function checkResolution({ hyperparameters: { resolution } }: TrainingConfig, { body }: BaseModelEntry): FieldError[] {
  const unit = body.geometry.training_size_multiple;
  if (resolution % unit === 0) return [];
  return [{ pointer: '/hyperparameters/resolution', detail: `is ${resolution}; ${body.name} needs a multiple of ${unit}` }];
}

function unknownBaseModel(name: string, known: BaseModelEntry[]): ApiError {
  const names = known.map(({ body }) => body.name).join(', ') || 'none';
  const detail = `there is no base model ${name}; installed: ${names}`;
  return refusal('unknown_base_model', [{ pointer: '/base_model', detail }]);
}

function checkStyleRef({ style_ref }: TrainingConfig, dataset: DatasetSummary | null): FieldError[] {
  const errors = checkDataset('/style_ref/dataset_id', 'style_ref', style_ref.dataset_id, dataset);
  if (dataset === null || errors.length > 0) return errors;
  const mixErrors = Object.entries(style_ref.mix ?? {}).flatMap(([name, count]) => {
    const has = name === ALL_IMAGES ? dataset.imageCount : (dataset.components.find(({ component }) => component === name)?.count ?? 0);
    return has >= count ? [] : [{ pointer: `/style_ref/mix/${name}`, detail: `asks for ${count} images, the dataset has ${has}` }];
  });
  if (mixErrors.length > 0) return mixErrors;
  return style_ref.components.flatMap(({ name }, index) => {
    const hasImages = name === ALL_IMAGES || dataset.components.some(({ component }) => component === name);
    if (hasImages) return [];
    const labels = dataset.components.map(({ component }) => component ?? 'unlabelled').join(', ');
    const detail = `the dataset has no images of the component ${name}; it has: ${labels}`;
    return [{ pointer: `/style_ref/components/${index}/name`, detail }];
  });
}

function checkAux(aux: { dataset_id: string }, dataset: DatasetSummary | null): FieldError[] {
  return checkDataset('/aux/dataset_id', 'aux', aux.dataset_id, dataset);
}

function checkReference(id: string, dataset: DatasetSummary | null): FieldError[] {
  return checkDataset('/early_stopping/reference_dataset_id', 'style_ref', id, dataset);
}

function checkDataset(pointer: string, kind: DatasetKind, id: string, dataset: DatasetSummary | null): FieldError[] {
  if (dataset === null) return [{ pointer, detail: `there is no dataset ${id}` }];
  if (dataset.kind !== kind) return [{ pointer, detail: `must be a dataset of kind ${kind}; ${id} is of kind ${dataset.kind}` }];
  if (dataset.imageCount === 0) return [{ pointer, detail: `the dataset ${id} has no images; upload some first` }];
  return [];
}

function refuse(code: ErrorCode, errors: FieldError[]): void {
  if (errors.length > 0) throw refusal(code, errors);
}

function refusal(code: ErrorCode, errors: FieldError[]): ApiError {
  return new ApiError(code, errors.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; '), errors);
}
