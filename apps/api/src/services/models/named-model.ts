// Resolves a name in a request to a model: one of the registry, a checkpoint, a job with a result, or a base model.
import { ACTIVE_JOB_STATUSES, ID_PREFIXES, METHOD_HYPERPARAMETERS, parseModelReference, templateOf } from '@styleforge/contracts';
import type { BaseModelProfile, ModelProvenance } from '@styleforge/contracts';
import type { ModelVersionRow, TrainingJobRow } from '@styleforge/database';
import type { ApiDependencies } from '../../dependencies.ts';
import { BrokenBaseModelError, type BaseModelEntry } from './base-model-catalog.ts';
import { findInstalledAdapter } from './installed-adapters.ts';

const STABLE_DIFFUSION_SIZE_UNIT = 8;

interface Sampling {
  /** Resolution of the training: pixels of one side. */
  resolution: number;
  /** Pixels that a width or height must be a multiple of. */
  sizeUnit: number;
  defaults: BaseModelProfile['generation'];
  evaluation: BaseModelProfile['evaluation'];
}
export interface NamedBaseModel extends Sampling {
  kind: 'base';
  name: string;
}
export interface TrainedModel extends Sampling {
  kind: 'trained';
  job: TrainingJobRow;
  checkpoint: { id: string; step: number };
  /** The base model of the trained one; null when it is no longer installed, or broken. */
  base: BaseModelEntry | null;
}
/** An adapter that was trained elsewhere, used on the base model that it was made for. */
export interface UploadedModel extends Sampling {
  kind: 'uploaded';
  /** Null for one that an operator has installed. */
  versionId: string | null;
  /** Template that combines a prompt with the words for the style. */
  promptTemplate: string | null;
  provenance: Pick<ModelProvenance, 'tokens'> & { base_model: Pick<ModelProvenance['base_model'], 'name'> };
}
export type NamedModel = NamedBaseModel | TrainedModel | UploadedModel;
export type ModelLookUp = { ok: true; model: NamedModel } | { ok: false; code: 'unknown_model' | 'status_conflict'; detail: string };

export async function findNamedModel(dependencies: ApiDependencies, projectId: string, name: string): Promise<ModelLookUp> {
  const { database, baseModels } = dependencies;
  if (name.startsWith(`${ID_PREFIXES.checkpoint}_`)) {
    const checkpoint = await database.checkpoints.find(projectId, name);
    const job = checkpoint && (await database.trainingJobs.find(projectId, checkpoint.jobId));
    return checkpoint && job
      ? trained(dependencies, job, checkpoint)
      : unknown(`there is no checkpoint ${name}: name one that GET /v1/training-jobs/{id}/checkpoints lists`);
  }
  if (name.startsWith(`${ID_PREFIXES.trainingJob}_`)) {
    const job = await database.trainingJobs.find(projectId, name);
    if (job === null) return unknown(`there is no training job ${name}: name one that GET /v1/training-jobs lists`);
    if (job.result === null)
      return {
        ok: false,
        code: 'status_conflict',
        detail:
          `the training job ${name} is ${job.status}: ${isWaiting(job) ? 'wait until it has succeeded' : 'resume it'}, ` +
          'or name one of its checkpoints',
      };
    const checkpoint = await database.checkpoints.find(projectId, job.result.checkpoint_id);
    return checkpoint
      ? trained(dependencies, job, checkpoint)
      : unknown(`the last checkpoint of the training job ${name} has been deleted: name another checkpoint`);
  }
  const registered = await findRegistered(dependencies, projectId, name);
  if (registered !== null) return registered;
  const entry = await baseModels.find(name);
  if (entry) return { ok: true, model: { kind: 'base', name, ...samplingOf(entry), resolution: entry.profile.resolution } };
  return (
    (await findInstalled(dependencies, name)) ??
    unknown(`there is no model and no base model ${name}: GET /v1/models and GET /v1/base-models list them`)
  );
}

/** Finds an adapter that an operator has installed for all projects. Null if none has the name. */
async function findInstalled({ baseModels, baseModelsDirectory }: ApiDependencies, name: string): Promise<ModelLookUp | null> {
  const found = await findInstalledAdapter(baseModelsDirectory, name, baseModels);
  if (found === null) return null;
  if (!found.ok) return unknown(found.detail);
  const { base_model: base, tokens } = found.adapter;
  const provenance = {
    base_model: { name: base },
    tokens: tokens.map((token, index) => ({ name: index === 0 ? 'all' : `token-${index + 1}`, token })),
  };
  const entry = await findUnlessBroken(baseModels, base);
  const sampling = { ...samplingOf(entry), resolution: entry?.profile.resolution ?? METHOD_HYPERPARAMETERS.resolution };
  return { ok: true, model: { kind: 'uploaded', versionId: null, promptTemplate: templateOf(tokens), provenance, ...sampling } };
}

/**
 * A named model of the project has priority over a base model that was installed under the same name later. Null if no model has the name.
 */
async function findRegistered(dependencies: ApiDependencies, projectId: string, text: string): Promise<ModelLookUp | null> {
  const { database } = dependencies;
  const reference = parseModelReference(text);
  const model = reference && (await database.models.find(projectId, reference.name));
  if (reference === null || model === null) return text.includes('@') ? unknown(`there is no model ${text}`) : null;
  const version = await database.models.findVersion(projectId, reference.name, reference.version);
  if (version === null) {
    const aliases = Object.keys(model.aliases).map((alias) => `, @${alias}`);
    const known = model.latest ? `the newest is ${reference.name}@${model.latest.number}${aliases.join('')}` : 'it has none';
    return unknown(`the model ${reference.name} has no version ${reference.version}: ${known}`);
  }
  return version.checkpointId === null
    ? uploaded(dependencies, text, version, model.promptTemplate)
    : findNamedModel(dependencies, projectId, version.checkpointId);
}

async function uploaded(
  { baseModels }: ApiDependencies,
  text: string,
  { id, provenance }: ModelVersionRow,
  promptTemplate: string | null,
): Promise<ModelLookUp> {
  const { name } = provenance.base_model;
  const base = await findUnlessBroken(baseModels, name);
  if (base === null)
    return unknown(
      `${text} was uploaded for the base model ${name}, which is no longer installed or is damaged: GET ` +
        '/v1/base-models lists the usable ones',
    );
  const sampling = { ...samplingOf(base), resolution: base.profile.resolution };
  return { ok: true, model: { kind: 'uploaded', versionId: id, promptTemplate, provenance, ...sampling } };
}

/** The base model; null when it is not installed, or broken. */
async function findUnlessBroken(baseModels: ApiDependencies['baseModels'], name: string): Promise<BaseModelEntry | null> {
  return baseModels.find(name).catch((error: unknown) => {
    if (error instanceof BrokenBaseModelError) return null;
    throw error;
  });
}

/** Whether the job will continue without action; a paused job must be resumed. */
const isWaiting = ({ status }: TrainingJobRow): boolean =>
  status === 'queued' || (ACTIVE_JOB_STATUSES as readonly string[]).includes(status);

/** Sampling settings of a checkpoint: those of its base model, at the resolution of the training. Works without an installed base model. */
async function trained(
  { baseModels }: ApiDependencies,
  job: TrainingJobRow,
  { id, step }: TrainedModel['checkpoint'],
): Promise<ModelLookUp> {
  const base = await findUnlessBroken(baseModels, job.baseModel);
  return {
    ok: true,
    model: { kind: 'trained', job, checkpoint: { id, step }, base, ...samplingOf(base), resolution: job.config.hyperparameters.resolution },
  };
}

function samplingOf(base: BaseModelEntry | null): Omit<Sampling, 'resolution'> {
  const { generation: defaults = {}, evaluation = {} } = base?.profile ?? {};
  return { sizeUnit: base?.body.geometry.latent_scale ?? STABLE_DIFFUSION_SIZE_UNIT, defaults, evaluation };
}

const unknown = (detail: string): ModelLookUp => ({ ok: false, code: 'unknown_model', detail });
