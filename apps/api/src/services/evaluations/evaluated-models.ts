// Resolves the models of an evaluation: the evaluated one, and those that it is compared with.
import { CAPTION_PLACEHOLDER, isBaseAlone, PROMPT_PLACE, styleWords, trainedModelLabel } from '@styleforge/contracts';
import type { EvaluatedModel, FieldError, TrainingConfig } from '@styleforge/contracts';
import type { ApiDependencies } from '../../dependencies.ts';
import { findNamedModel } from '../models/named-model.ts';
import type { NamedModel, TrainedModel, UploadedModel } from '../models/named-model.ts';

export interface ChosenModel extends Pick<NamedModel, 'resolution' | 'sizeUnit' | 'defaults' | 'evaluation'> {
  model: EvaluatedModel;
  /** Configuration of the job that trained it. */
  config: TrainingConfig | null;
}

export type Choice = { ok: true; chosen: ChosenModel } | { ok: false; detail: string };

export async function chooseEvaluatedModel(dependencies: ApiDependencies, projectId: string, name: string): Promise<Choice> {
  const found = await findNamedModel(dependencies, projectId, name);
  if (!found.ok) return found;
  const {
    model,
    model: { resolution, sizeUnit, defaults, evaluation },
  } = found;
  const size = { resolution, sizeUnit, defaults, evaluation };
  if (model.kind === 'base') return { ok: true, chosen: { ...size, model: baseModel(name), config: null } };
  if (model.kind === 'uploaded') return { ok: true, chosen: { ...size, model: uploadedModel(name, model), config: null } };
  const { base, job } = model;
  if (base === null)
    return {
      ok: false,
      detail:
        `${name} was trained on the base model ${job.baseModel}, which is no longer installed or is damaged: GET ` +
        '/v1/base-models lists the usable ones',
    };
  return { ok: true, chosen: { ...size, model: trainedModel(name, model), config: job.config } };
}

const baseModel = (name: string): EvaluatedModel => ({
  name,
  label: `base model ${name}`,
  base_model: name,
  training_job_id: null,
  checkpoint_id: null,
  step: null,
  adapter: null,
  prompt_prefix: '',
  tokens: [],
});

/** Text before each prompt, or the whole template with a placeholder for the prompt. */
function prefixOf(template: string): string {
  const [before = '', ...after] = template.split(PROMPT_PLACE);
  return after.join('') === '' ? before : template.replaceAll(PROMPT_PLACE, CAPTION_PLACEHOLDER);
}

const uploadedModel = (name: string, { versionId, provenance, promptTemplate }: UploadedModel): EvaluatedModel => ({
  name,
  label: name,
  base_model: provenance.base_model.name,
  training_job_id: null,
  checkpoint_id: null,
  step: null,
  adapter: { model: name, version_id: versionId },
  prompt_prefix: prefixOf(promptTemplate ?? PROMPT_PLACE),
  tokens: provenance.tokens,
});

const trainedModel = (name: string, { job, checkpoint: { id, step } }: TrainedModel): EvaluatedModel => ({
  name,
  label: trainedModelLabel(job.config, step, job.variation?.name),
  base_model: job.baseModel,
  training_job_id: job.id,
  checkpoint_id: id,
  step,
  adapter: null,
  ...styleWords(job.config),
});

/** The evaluated model. */
export type JudgedModel = Pick<EvaluatedModel, 'name' | 'base_model' | 'checkpoint_id' | 'adapter' | 'prompt_prefix' | 'tokens'>;

type Comparing = { names: readonly string[]; judged: JudgedModel; trains: boolean; pointer: string };

/** Base models get the same prompts as the model that they are compared with. */
export async function chooseComparisons(
  dependencies: ApiDependencies,
  projectId: string,
  { names, judged, trains, pointer }: Comparing,
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
    const isSame = (other: JudgedModel) => contentOf(other) === contentOf(model);
    if (!trains && isSame(judged)) refuse(`${asked} is the model that is evaluated: remove it, or name another model`);
    else if (comparisons.some(isSame)) refuse(`${asked} is named twice: remove one`);
    else
      comparisons.push({
        ...model,
        name: asked,
        ...(isBaseAlone(model) && { prompt_prefix: judged.prompt_prefix, tokens: judged.tokens }),
      });
  }
  return { comparisons: told(comparisons), errors };
}

/** Identity of a model; equal for two names of the same model. */
const contentOf = ({ checkpoint_id, adapter, base_model }: JudgedModel): string =>
  checkpoint_id ?? adapter?.version_id ?? `${base_model} ${adapter?.model ?? ''}`;

/** Appends the end of the job's id to labels that several models share. */
function told(models: EvaluatedModel[]): EvaluatedModel[] {
  return models.map((model) => {
    const twins = models.filter(({ label }) => label === model.label).length;
    return twins > 1 ? { ...model, label: `${model.label} (job …${model.training_job_id?.slice(-4)})` } : model;
  });
}
