// Model registry: creates versions of models with their provenance, and sets the covers of models.
import { LATEST, promptTemplates } from '@styleforge/contracts';
import type { CreateModelRequest, ModelProvenance, UpdateModelRequest } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import type { ModelChange, ModelCover, ModelRow, ModelVersionRow, NewModelVersion } from '@styleforge/database';
import { modelCoverKey, modelPrefix } from '@styleforge/storage';
import type { ApiDependencies } from '../../dependencies.ts';
import { ApiError, notFound, refusal } from '../../errors/api-error.ts';
import { findNamedModel } from './named-model.ts';
import type { TrainedModel } from './named-model.ts';

export async function findModel({ database }: Pick<ApiDependencies, 'database'>, projectId: string, name: string): Promise<ModelRow> {
  const row = await database.models.find(projectId, name);
  if (row === null) throw notFound('model', name);
  return row;
}

export async function findModelVersion(
  { database }: Pick<ApiDependencies, 'database'>,
  projectId: string,
  name: string,
  version: number | string,
): Promise<ModelVersionRow> {
  const row = await database.models.findVersion(projectId, name, version);
  if (row === null) throw notFound('version of the model', `${name}@${version}`);
  return row;
}

type NewModel = { projectId: string; body: CreateModelRequest; reservedUuid: string | undefined };

export async function createModel(dependencies: ApiDependencies, { projectId, body, reservedUuid }: NewModel): Promise<ModelRow> {
  const { database, baseModels } = dependencies;
  const { name, from, notes, description } = body;
  if ((await baseModels.find(name).catch(() => null)) !== null)
    throw new ApiError('model_exists', `A base model already has the name ${name}.`, [
      { pointer: '/name', detail: 'is the name of a base model: choose another name' },
    ]);
  const model = await findTrained(dependencies, projectId, from);
  const version = await versionOf(dependencies, projectId, model, notes);
  const id = newId('model', reservedUuid);
  const cover = body.cover_image_id
    ? await coverOf(dependencies, projectId, { modelId: id, imageId: body.cover_image_id })
    : await usualCover(dependencies, projectId, { modelId: id, jobId: model.job.id });
  const row = await database.models.create({
    ...{ id, projectId, name, description, version },
    license: body.license ?? version.provenance.base_model.license,
    promptTemplate: body.prompt_template ?? promptTemplates(model.job.config)[0].template,
  });
  if (row === null) {
    await dependencies.objectStore.deletePrefix(modelPrefix(projectId, id));
    throw new ApiError('model_exists', `The project has a model ${name} already.`, [{ pointer: '/name', detail: 'is taken' }]);
  }
  if (cover === null) return row;
  await database.models.update(projectId, name, cover);
  return findModel(dependencies, projectId, name);
}

export async function addModelVersion(
  dependencies: ApiDependencies,
  projectId: string,
  { name, from, notes }: { name: string; from: string; notes: string },
): Promise<ModelVersionRow> {
  await findModel(dependencies, projectId, name);
  const version = await versionOf(dependencies, projectId, await findTrained(dependencies, projectId, from), notes);
  const number = await dependencies.database.models.addVersion(projectId, name, version);
  if (number === null) throw notFound('model', name);
  return findModelVersion(dependencies, projectId, name, number);
}

export async function updateModel(
  dependencies: ApiDependencies,
  projectId: string,
  name: string,
  body: UpdateModelRequest,
): Promise<ModelRow> {
  const { database, objectStore } = dependencies;
  const model = await findModel(dependencies, projectId, name);
  const { cover_image_id: imageId, prompt_template: promptTemplate, ...plain } = body;
  const cover =
    imageId === undefined ? {} : ((imageId && (await coverOf(dependencies, projectId, { modelId: model.id, imageId }))) ?? NO_COVER);
  const change: ModelChange = { ...plain, ...(promptTemplate !== undefined && { promptTemplate }), ...cover };
  const outcome = await database.models.update(projectId, name, change);
  if (outcome === 'not_found') throw notFound('model', name);
  if (outcome === 'name_taken')
    throw new ApiError('model_exists', `The project has a model ${body.name} already.`, [{ pointer: '/name', detail: 'is taken' }]);
  const changed = await findModel(dependencies, projectId, body.name ?? name);
  if (model.coverKey !== null && model.coverKey !== changed.coverKey) await objectStore.delete(model.coverKey);
  return changed;
}

const NO_COVER = { coverKey: null, coverSha256: null, coverSize: null };

/** Throws if the source is not a trained model. */
async function findTrained(dependencies: ApiDependencies, projectId: string, from: string): Promise<TrainedModel> {
  const found = await findNamedModel(dependencies, projectId, from);
  if (!found.ok) throw refusal(found.code, [{ pointer: '/from', detail: found.detail }]);
  if (found.model.kind === 'trained') return found.model;
  const detail =
    found.model.kind === 'base'
      ? `${from} is a base model: name a checkpoint or a training job instead`
      : `${from} was uploaded: upload its file to this model, too`;
  throw refusal('validation_failed', [{ pointer: '/from', detail }]);
}

async function versionOf(
  { database }: ApiDependencies,
  projectId: string,
  { job, checkpoint, base }: TrainedModel,
  notes: string,
): Promise<NewModelVersion> {
  const { config } = job;
  const roles = [
    { role: 'style_ref' as const, id: config.style_ref.dataset_id },
    ...(config.aux ? [{ role: 'aux' as const, id: config.aux.dataset_id }] : []),
  ];
  const datasets = await database.datasets.findAll(
    projectId,
    roles.map(({ id }) => id),
  );
  const provenance: ModelProvenance = {
    training_job: {
      ...{ id: job.id, name: job.name, method: config.method, seed: config.hyperparameters.seed },
      finished_at: job.finishedAt?.toISOString() ?? null,
    },
    upload: null,
    step: checkpoint.step,
    adaptation: config.adaptation.kind,
    tokens: config.style_ref.components.map(({ name, token }) => ({ name, token })),
    resolution: config.hyperparameters.resolution,
    datasets: roles.map(({ role, id }) => ({ role, id, name: datasets.get(id)?.name ?? null, images: datasets.get(id)?.imageCount ?? 0 })),
    base_model: {
      ...{ name: config.base_model, source: base?.profile.source ?? null, license: base?.body.license ?? null },
      sha256: base?.profile.sha256 ?? {},
    },
  };
  return { checkpointId: checkpoint.id, notes, provenance };
}

async function coverOf(
  { database, objectStore }: ApiDependencies,
  projectId: string,
  { modelId, imageId }: { modelId: string; imageId: string },
): Promise<ModelCover> {
  const image = (await database.generations.findImage(projectId, imageId)) ?? (await database.images.find(projectId, imageId));
  if (image === null) throw refusal('validation_failed', [{ pointer: '/cover_image_id', detail: `there is no image ${imageId}` }]);
  return copyCover(objectStore, projectId, modelId, image);
}

/** The first image of the job's last validation, if there is one. */
async function usualCover(
  { database, objectStore }: ApiDependencies,
  projectId: string,
  { modelId, jobId }: { modelId: string; jobId: string },
): Promise<ModelCover | null> {
  const last = (await database.validationImages.listFirst(jobId, 1)).at(-1);
  return last && last.missingSince === null ? copyCover(objectStore, projectId, modelId, last) : null;
}

async function copyCover(
  objectStore: ApiDependencies['objectStore'],
  projectId: string,
  modelId: string,
  image: { objectKey: string; sha256: string },
): Promise<ModelCover> {
  const coverKey = modelCoverKey(projectId, modelId, image.sha256);
  const { size, sha256 } = await objectStore.put(coverKey, Buffer.from(await objectStore.get(image.objectKey)));
  return { coverKey, coverSha256: sha256, coverSize: size };
}

/** All names under which requests can refer to a version. */
export function aliasesOf(model: ModelRow, number: number): string[] {
  const own = Object.entries(model.aliases).flatMap(([alias, version]) => (version === number ? [alias] : []));
  return model.latest?.number === number ? [...own, LATEST] : own;
}
