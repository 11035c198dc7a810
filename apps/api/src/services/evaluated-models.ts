// From the name that a caller gives to the model that is evaluated: a checkpoint, a finished job, or a base model.
import { ID_PREFIXES, stylePrefix, trainedModelLabel } from '@styleforge/contracts';
import type { BaseModelProfile, EvaluatedModel, FieldError, TrainingConfig } from '@styleforge/contracts';
import type { TrainingJobRow } from '@styleforge/database';
import type { ApiDependencies } from '../dependencies.ts';

export interface ChosenModel {
  model: EvaluatedModel;
  /** Pixels along one side. */
  resolution: number;
  sizeUnit: number;
  defaults: BaseModelProfile['generation'];
  /** Of the job that trained it. */
  config: TrainingConfig | null;
}

export type Choice = { ok: true; chosen: ChosenModel } | { ok: false; detail: string };

export async function chooseEvaluatedModel(dependencies: ApiDependencies, projectId: string, name: string): Promise<Choice> {
  const { database } = dependencies;
  if (name.startsWith(`${ID_PREFIXES.checkpoint}_`)) {
    const checkpoint = await database.checkpoints.find(projectId, name);
    const job = checkpoint && (await database.trainingJobs.find(projectId, checkpoint.jobId));
    return checkpoint && job ? trained(dependencies, name, job, checkpoint) : { ok: false, detail: `there is no checkpoint ${name}` };
  }
  if (name.startsWith(`${ID_PREFIXES.trainingJob}_`)) {
    const job = await database.trainingJobs.find(projectId, name);
    if (job === null) return { ok: false, detail: `there is no training job ${name}` };
    const checkpoint = job.result && (await database.checkpoints.find(projectId, job.result.checkpoint_id));
    return checkpoint ? trained(dependencies, name, job, checkpoint) : { ok: false, detail: `the training job ${name} is ${job.status}: wait for its end, or name one of its checkpoints` };
  }
  return baseModel(dependencies, name);
}

async function baseModel({ baseModels }: ApiDependencies, name: string): Promise<Choice> {
  const entry = await baseModels.find(name);
  if (entry === null) return { ok: false, detail: `there is no base model ${name}` };
  const model = { name, label: `base model ${name}`, base_model: name, training_job_id: null, checkpoint_id: null, step: null, prompt_prefix: '' };
  const { body, profile } = entry;
  return { ok: true, chosen: { model, resolution: profile.resolution, sizeUnit: body.geometry.latent_scale, defaults: profile.generation, config: null } };
}

async function trained({ baseModels }: ApiDependencies, name: string, job: TrainingJobRow, { id, step }: { id: string; step: number }): Promise<Choice> {
  const base = await baseModels.find(job.baseModel);
  if (base === null) return { ok: false, detail: `${name} was trained on the base model ${job.baseModel}, which is no longer installed` };
  const { config } = job;
  const model = {
    name, label: trainedModelLabel(config, step), base_model: job.baseModel, training_job_id: job.id, checkpoint_id: id, step, prompt_prefix: stylePrefix(config),
  };
  const { body, profile } = base;
  return { ok: true, chosen: { model, resolution: config.hyperparameters.resolution, sizeUnit: body.geometry.latent_scale, defaults: profile.generation, config } };
}

type Comparing = { names: readonly string[]; judged: Pick<EvaluatedModel, 'base_model' | 'checkpoint_id' | 'prompt_prefix'>; trains: boolean; pointer: string };

/** A base model gets the very prompts of the model that it is compared with. */
export async function chooseComparisons(
  dependencies: ApiDependencies, projectId: string, { names, judged, trains, pointer }: Comparing,
): Promise<{ comparisons: EvaluatedModel[]; errors: FieldError[] }> {
  const comparisons: EvaluatedModel[] = [];
  const errors: FieldError[] = [];
  for (const [index, asked] of names.entries()) {
    const choice = await chooseEvaluatedModel(dependencies, projectId, asked === 'base' ? judged.base_model : asked);
    const refuse = (detail: string) => void errors.push({ pointer: `${pointer}/${index}`, detail });
    if (!choice.ok) {
      refuse(choice.detail);
      continue;
    }
    const { model } = choice.chosen;
    const isSame = (other: Pick<EvaluatedModel, 'base_model' | 'checkpoint_id'>) =>
      other.checkpoint_id === model.checkpoint_id && (model.checkpoint_id !== null || other.base_model === model.base_model);
    if (!trains && isSame(judged)) refuse(`${asked} is the model that is evaluated`);
    else if (comparisons.some(isSame)) refuse(`${asked} is named twice`);
    else comparisons.push({ ...model, name: asked, ...(model.checkpoint_id === null && { prompt_prefix: judged.prompt_prefix }) });
  }
  return { comparisons: told(comparisons), errors };
}

/** Two models with one label get the end of their job's id too. */
function told(models: EvaluatedModel[]): EvaluatedModel[] {
  return models.map((model) => {
    const twins = models.filter(({ label }) => label === model.label).length;
    return twins > 1 ? { ...model, label: `${model.label} (job …${model.training_job_id?.slice(-4)})` } : model;
  });
}
