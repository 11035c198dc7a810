// All models for generations: base models, and results of finished jobs.
import type { BaseModel, Generation, Model as NamedModel, TrainingJob } from '@styleforge/sdk';
import { IS_WHOLE, jobName } from './jobs.ts';
import { useBaseModels } from './queries.ts';
import { useJobs } from './job-list.ts';
import { useNamedModels } from './registry.ts';
import { shortId } from './format.ts';
import { type StylePrompt, stylePromptsOf } from './style-prompts.ts';

export interface Model {
  /** The name that requests use. */
  id: string;
  label: string;
  kind: 'base' | 'job' | 'checkpoint' | 'named';
  base: string;
  /** Prompts for its style: for all components together first. Empty for a model without a style. */
  styles: StylePrompt[];
  /** Whether the model can be applied to another model. */
  isAdapter: boolean;
  /** Whether the project has the images that it was trained on. */
  hasStyleImages: boolean;
  job?: TrainingJob;
  baseModel?: BaseModel;
}

const fromBase = (baseModel: BaseModel): Model => ({
  id: baseModel.name,
  label: baseModel.title,
  kind: 'base',
  base: baseModel.name,
  styles: [],
  isAdapter: false,
  hasStyleImages: false,
  baseModel,
});

const fromJob = (job: TrainingJob): Model => ({
  id: job.id,
  label: jobName(job),
  kind: 'job',
  base: job.base_model,
  styles: stylePromptsOf(job),
  isAdapter: !IS_WHOLE[job.config.adaptation.kind],
  hasStyleImages: true,
  job,
});

/** Named models have a template of their own; their components are those of the job, if it still exists. */
function fromNamed({ name, prompt_template: template, latest }: NamedModel, jobs: TrainingJob[]): Model {
  const job = jobs.find(({ id }) => id === latest?.provenance.training_job?.id);
  return {
    id: name,
    label: name,
    kind: 'named',
    base: latest?.provenance.base_model.name ?? '',
    styles: [...(template ? [{ name: '', template }] : []), ...(job ? stylePromptsOf(job).slice(1) : [])],
    isAdapter: latest !== null && !IS_WHOLE[latest.provenance.adaptation],
    hasStyleImages: latest !== null && !latest.provenance.upload,
  };
}

export function useModels(): Model[] {
  const named = useNamedModels().data ?? [];
  const bases = useBaseModels().data ?? [];
  const jobs = useJobs().data ?? [];
  return [
    ...named.filter(({ latest }) => latest !== null).map((model) => fromNamed(model, jobs)),
    ...jobs.filter(({ status }) => status === 'succeeded').map(fromJob),
    ...bases.map(fromBase),
  ];
}

/** Finds a model, including a checkpoint in an address that no list contains. */
export function modelOf(models: Model[], id: string): Model {
  return (
    models.find((model) => model.id === id) ?? {
      id,
      label: id.startsWith('ckpt_') ? `Checkpoint ${shortId(id)}` : id,
      kind: 'checkpoint',
      base: '',
      styles: [],
      isAdapter: false,
      hasStyleImages: true,
    }
  );
}

/** The model of a generation and the adapters on top of it, with their strengths. */
export const labelOf = (models: Model[], { model, adapters }: Pick<Generation['config'], 'model' | 'adapters'>): string =>
  [modelOf(models, model).label, ...adapters.map((one) => `${modelOf(models, one.model).label} ${one.strength}`)].join(' + ');

/** What a list calls the model; else what it was called when it was evaluated, such as `base`. */
export const labelIn = (models: Model[], id: string, label: string): string => models.find((model) => model.id === id)?.label ?? label;
