// Every model one can generate with: base models, and what finished jobs made.
import type { BaseModel, TrainingJob } from '@styleforge/sdk';
import { jobName } from './jobs.ts';
import { useBaseModels, useJobs } from './queries.ts';
import { shortId } from './format.ts';

export interface Model {
  /** As a request names it. */
  id: string;
  label: string;
  kind: 'base' | 'job' | 'checkpoint';
  base: string;
  /** The words for its style in front of what the image shows. */
  template: string;
  job?: TrainingJob;
  baseModel?: BaseModel;
}

const fromBase = (baseModel: BaseModel): Model => ({
  id: baseModel.name,
  label: baseModel.title,
  kind: 'base',
  base: baseModel.name,
  template: '',
  baseModel,
});

const fromJob = (job: TrainingJob): Model => {
  const [component] = job.config.style_ref.components;
  return {
    id: job.id,
    label: jobName(job),
    kind: 'job',
    base: job.base_model,
    template: component ? component.prompt.replace('[V]', component.token) : '',
    job,
  };
};

export function useModels(): Model[] {
  const bases = useBaseModels().data ?? [];
  const jobs = useJobs().data ?? [];
  return [...jobs.filter(({ status }) => status === 'succeeded').map(fromJob), ...bases.map(fromBase)];
}

/** Also of a checkpoint that an address names, which no list has. */
export function modelOf(models: Model[], id: string): Model {
  return (
    models.find((model) => model.id === id) ?? {
      id,
      label: id.startsWith('ckpt_') ? `Checkpoint ${shortId(id)}` : id,
      kind: 'checkpoint',
      base: '',
      template: '',
    }
  );
}
