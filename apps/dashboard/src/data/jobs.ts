// Name and progress of a job.
import type { TrainingJob } from '@styleforge/sdk';
import { duration, plural, shortId } from './format.ts';

/** The job's name, or its method and the end of its id. */
export const jobName = ({
  name,
  metadata,
  suffix,
  method,
  id,
}: {
  name: string | null;
  metadata: TrainingJob['metadata'];
  suffix?: string | null;
  method: string;
  id: string;
}): string => name || metadata['name'] || suffix || `${METHODS[method] ?? method} ${shortId(id)}`;

/** Metadata key under which a clone stores the id of its original. */
export const CLONED_FROM = 'cloned_from';

/** The job that this one was cloned from, or whose candidates it trains on. */
export const parentOf = ({ metadata, config }: Pick<TrainingJob, 'metadata' | 'config'>): string | undefined =>
  metadata[CLONED_FROM] ?? config.styledrop?.parent_job_id ?? undefined;

/** Whether an adaptation produces a whole model, not an addition to one. */
export const IS_WHOLE: Readonly<Record<TrainingJob['config']['adaptation']['kind'], boolean>> = {
  full: true,
  lora: false,
  'textual-inversion': false,
  'custom-diffusion': false,
  adapter: false,
  'pivotal-tuning': false,
};

const METHOD_NAMES: Readonly<Record<TrainingJob['method'], string>> = {
  'single-styleforge': 'Single-StyleForge',
  'multi-styleforge': 'Multi-StyleForge',
  dreambooth: 'DreamBooth',
  lora: 'LoRA',
  'textual-inversion': 'Textual Inversion',
  'custom-diffusion': 'Custom Diffusion',
  styledrop: 'StyleDrop',
  'pivotal-tuning': 'Pivotal Tuning',
  'b-lora': 'B-LoRA',
};
/** The title of a method; undefined for one that is newer than this page. */
export const METHODS: Readonly<Record<string, string>> = METHOD_NAMES;

export function whereIs({ status, progress, error }: TrainingJob): string {
  const { step, of, eta_seconds: eta, queue_position: position, evaluation } = progress;
  if (status === 'failed') return error?.message ?? 'Failed';
  if (status === 'queued')
    return position === null ? 'Waits for a worker' : position === 0 ? 'Next in the queue' : `${plural(position, 'job')} before it`;
  if (status === 'validating') return 'Inputs are checked';
  if (status === 'evaluating') return evaluation ? `Evaluation: ${evaluation.phase} ${evaluation.done} of ${evaluation.of}` : 'Evaluation';
  if (status === 'running') return `Step ${step} of ${of}${eta === null ? '' : `, ${duration(eta)} left`}`;
  return `Step ${step} of ${of}`;
}
