// Creates training jobs: checks that everything the job needs exists and fits together, then queues it.
import { checkTrainingPictures, costOfCandidates, resolveTrainingConfig, styleWords } from '@styleforge/contracts';
import type {
  CheckTrainingJobRequest,
  CreateTrainingJobRequest,
  DatasetKind,
  ErrorCode,
  EvaluationRequest,
  EvaluationStage,
  FieldError,
  TrainingConfig,
} from '@styleforge/contracts';
import { commonTokenFault } from '@styleforge/model-files';
import { newId } from '@styleforge/database';
import type { Database, QueuedTrainingJob, TrainingDataset } from '@styleforge/database';
import type { ApiDependencies } from '../../dependencies.ts';
import { ApiError, refusal } from '../../errors/api-error.ts';
import type { BaseModelEntry } from '../models/base-model-catalog.ts';
import { TO_COME } from '../datasets/dataset-to-come.ts';
import { costOfEvaluation, resolveEvaluation } from '../evaluations/evaluation-settings.ts';
import { tooCostly } from '../operations/work-budget.ts';
import { findSecondRound, makeDataset, removeDataset, withDataset } from './second-round.ts';
import { checkWebhookUrl } from '../operations/webhook-urls.ts';

type NewJob = { projectId: string; body: CreateTrainingJobRequest; reservedUuid: string | undefined };

export async function createTrainingJob(
  dependencies: ApiDependencies,
  { projectId, body, reservedUuid }: NewJob,
): Promise<QueuedTrainingJob> {
  const round = await findSecondRound(dependencies, projectId, body);
  if (round === null) return queueJob(dependencies, { projectId, body, reservedUuid });
  // Checks everything else before the chosen images are copied.
  await resolveJob(dependencies, projectId, withDataset(body, round, TO_COME));
  const datasetId = await makeDataset(dependencies, projectId, round, reservedUuid);
  try {
    return await queueJob(dependencies, { projectId, body: withDataset(body, round, datasetId), reservedUuid });
  } catch (error) {
    await removeDataset(dependencies, projectId, datasetId);
    throw error;
  }
}

async function queueJob(dependencies: ApiDependencies, { projectId, body, reservedUuid }: NewJob): Promise<QueuedTrainingJob> {
  const config = await resolveJob(dependencies, projectId, body);
  // Only an idempotent request has a reserved id, which may already exist.
  const id = reservedUuid && newId('trainingJob', reservedUuid);
  const { name, notes, metadata, priority, webhook_url: webhookUrl, webhook_events: webhookEvents } = body;
  const job = await dependencies.database.trainingJobs.create({
    id,
    projectId,
    config,
    name,
    notes,
    metadata,
    priority,
    webhookUrl,
    webhookEvents,
    maxQueuedJobs: dependencies.maxQueuedJobsPerProject,
  });
  if (job === null) throw new ApiError('unusable_dataset', 'A dataset of this job has just been deleted.');
  return job;
}

/** Resolved settings of a job whose datasets need not exist yet. Throws the same ApiErrors as creating the job. */
export async function checkTrainingJob(
  dependencies: ApiDependencies,
  projectId: string,
  body: CheckTrainingJobRequest,
): Promise<TrainingConfig> {
  const round = await findSecondRound(dependencies, projectId, body);
  const { style_ref, aux, ...rest } = round ? withDataset(body, round, TO_COME) : body;
  return resolveJob(dependencies, projectId, {
    ...rest,
    ...(style_ref && { style_ref: { ...style_ref, dataset_id: style_ref.dataset_id ?? TO_COME } }),
    aux: aux && { ...aux, dataset_id: aux.dataset_id ?? TO_COME },
  });
}

/** Fills in every default. Throws an ApiError for a job that cannot be trained. */
export async function resolveJob(
  dependencies: ApiDependencies,
  projectId: string,
  body: CreateTrainingJobRequest,
): Promise<TrainingConfig> {
  const { database, baseModels, mayReach } = dependencies;
  if (body.webhook_url) refuse('validation_failed', checkWebhookUrl({ mayReach }, '/webhook_url', body.webhook_url));
  if (body.webhook_events && !body.webhook_url)
    refuse('validation_failed', [{ pointer: '/webhook_events', detail: 'selects the events for webhook_url: set webhook_url too' }]);
  const baseModel = await baseModels.find(body.base_model);
  if (baseModel === null) throw unknownBaseModel(body.base_model, await baseModels.list());
  const resolution = resolveTrainingConfig(body, baseModel.profile);
  if (!resolution.ok) throw refusal('validation_failed', resolution.errors);
  const { config } = resolution;
  refuse('validation_failed', checkResolution(config, baseModel));
  refuse('validation_failed', checkBlocks(config, baseModel));
  checkCandidates(dependencies, config);
  refuse('validation_failed', checkTokens(config, baseModel));
  refuse('validation_failed', checkPrompts(config, baseModel));
  await checkDatasets(database, projectId, config);
  return body.evaluation
    ? { ...config, evaluation: await resolveStage(dependencies, projectId, body.evaluation, { config, baseModel }) }
    : config;
}

/** Resolves the settings of the evaluation after the training. */
async function resolveStage(
  dependencies: ApiDependencies,
  projectId: string,
  request: EvaluationRequest,
  { config, baseModel }: { config: TrainingConfig; baseModel: BaseModelEntry },
): Promise<EvaluationStage> {
  const pointer = '/evaluation';
  const stage = await resolveEvaluation(dependencies, request, {
    projectId,
    pointer,
    styleRefDatasetId: config.style_ref.dataset_id,
    judged: { name: 'this job', base_model: config.base_model, checkpoint_id: null, adapter: null, ...styleWords(config) },
    trains: true,
    size: {
      resolution: config.hyperparameters.resolution,
      defaults: baseModel.profile.generation,
      evaluation: baseModel.profile.evaluation,
    },
  });
  const budget = (await dependencies.database.evaluations.budgetOf(projectId)) ?? dependencies.evaluationBudgetPerProject ?? Infinity;
  const { cost, factors } = costOfEvaluation(stage, stage.comparisons.length + 1, pointer);
  if (cost > budget) throw tooCostly({ cost, budget }, factors);
  return stage;
}

/** Sizes must be divisible by 2 at every level of the U-Net except the last. */
function checkResolution({ hyperparameters: { resolution } }: TrainingConfig, { body }: BaseModelEntry): FieldError[] {
  const unit = body.geometry.training_size_multiple;
  if (resolution % unit === 0) return [];
  return [{ pointer: '/hyperparameters/resolution', detail: `is ${resolution}; ${body.name} needs a multiple of ${unit}` }];
}

/** Refuses candidates that cost more than the project's budget, because they could never be generated. */
function checkCandidates(
  { generationBudgetPerProject: budget = Infinity }: ApiDependencies,
  { styledrop, hyperparameters }: TrainingConfig,
): void {
  const candidates = styledrop?.candidates;
  if (!candidates) return;
  const cost = costOfCandidates(candidates, hyperparameters.resolution);
  const factors = [{ pointer: '/styledrop/candidates/images_per_prompt', value: candidates.images_per_prompt }];
  if (cost > budget) throw tooCostly({ cost, budget }, factors);
}

/** Refuses a selection of blocks that the base model's family does not have. */
function checkBlocks({ adaptation }: TrainingConfig, { body, family }: BaseModelEntry): FieldError[] {
  if (!('blocks' in adaptation) || adaptation.blocks === undefined || adaptation.blocks in family.blocks) return [];
  const detail =
    `${adaptation.blocks} trains two blocks that only Stable Diffusion XL has, and ${body.name} is a ` +
    `${family.title} model: use the method lora, or a Stable Diffusion XL base model`;
  return [{ pointer: '/adaptation/blocks', detail }];
}

/** Refuses prompts whose token is after the text encoder's last position, because the model would never read it. */
/** Refuses words that have a meaning already. StyleDrop describes a style in such words. */
function checkTokens({ style_ref: { components }, styledrop }: TrainingConfig, { tokenizer }: BaseModelEntry): FieldError[] {
  return components.flatMap(({ token }, index) => {
    const detail = styledrop ? null : commonTokenFault(token, tokenizer);
    return detail === null ? [] : [{ pointer: `/style_ref/components/${index}/token`, detail }];
  });
}

function checkPrompts({ style_ref: { components } }: TrainingConfig, { body, tokenizer }: BaseModelEntry): FieldError[] {
  return components.flatMap(({ token, prompt }, index) => {
    if (!tokenizer.cutsOff(prompt, token)) return [];
    const detail =
      `is longer than the ${tokenizer.maxLength} positions of ${body.name}'s text encoder: the token ${token} is ` +
      `cut off, together with '${tokenizer.cutOff(prompt)}'; move it further to the front`;
    return [{ pointer: `/style_ref/components/${index}/prompt`, detail }];
  });
}

function unknownBaseModel(name: string, known: BaseModelEntry[]): ApiError {
  const names = known.map(({ body }) => body.name).join(', ') || 'none';
  const detail = `there is no base model ${name}; installed: ${names}`;
  return refusal('unknown_base_model', [{ pointer: '/base_model', detail }]);
}

/** Checks that the job's datasets exist and are of the right kind, and that it can train on their images. */
async function checkDatasets(database: Database, projectId: string, config: TrainingConfig): Promise<void> {
  const idOf = (id: string | null | undefined) => (id === undefined || id === TO_COME ? null : id);
  const [styleRef, aux, reference] = [
    idOf(config.style_ref.dataset_id),
    idOf(config.aux?.dataset_id),
    idOf(config.early_stopping?.reference_dataset_id),
  ];
  const datasets = await database.datasets.forTraining(
    projectId,
    [styleRef, aux, reference].filter((id) => id !== null),
  );
  const check = (pointer: string, kind: DatasetKind, id: string | null) =>
    id === null ? [] : checkDataset(pointer, kind, id, datasets.get(id) ?? null);
  refuse('unusable_dataset', [
    ...check('/style_ref/dataset_id', 'style_ref', styleRef),
    ...check('/aux/dataset_id', 'aux', aux),
    ...check('/early_stopping/reference_dataset_id', 'style_ref', reference),
  ]);
  if (styleRef === null || config.aux?.dataset_id === TO_COME) return;
  const picturesOf = (id: string | null) => (id === null ? [] : (datasets.get(id)?.measures ?? []));
  const pictures = { styleRef: picturesOf(styleRef), aux: picturesOf(aux), reference: picturesOf(reference) };
  refuse(
    'unusable_dataset',
    checkTrainingPictures(config, pictures).map(({ pointer, detail }) => ({ pointer, detail })),
  );
}

function checkDataset(pointer: string, kind: DatasetKind, id: string, dataset: TrainingDataset | null): FieldError[] {
  if (dataset === null) return [{ pointer, detail: `there is no dataset ${id}` }];
  if (dataset.kind !== kind) return [{ pointer, detail: `must be a dataset of kind ${kind}; ${id} is of kind ${dataset.kind}` }];
  if (dataset.imageCount === 0) return [{ pointer, detail: `the dataset ${id} has no images; upload images first` }];
  return [];
}

function refuse(code: ErrorCode, errors: FieldError[]): void {
  if (errors.length > 0) throw refusal(code, errors);
}
