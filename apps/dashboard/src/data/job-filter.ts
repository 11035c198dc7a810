// Filters jobs by status, method, base model, age, and words in their name or metadata.
import type { TrainingJob } from '@styleforge/sdk';
import { jobName } from './jobs.ts';
import { isLive } from './job-list.ts';

export const FILTERS = [
  { value: 'all', label: 'All' },
  { value: 'live', label: 'Running' },
  { value: 'succeeded', label: 'Succeeded' },
  { value: 'stopped', label: 'Stopped' },
] as const;
export type Filter = (typeof FILTERS)[number]['value'];

export const AGES: [value: string, label: string, days: number][] = [
  ['1', 'Last day', 1],
  ['7', 'Last week', 7],
  ['30', 'Last month', 30],
];
const DAY_MS = 86_400_000;

const matches: Record<Filter, (job: TrainingJob) => boolean> = {
  all: () => true,
  live: (job) => isLive(job) || job.status === 'paused',
  succeeded: ({ status }) => status === 'succeeded',
  stopped: ({ status }) => status === 'failed' || status === 'cancelled',
};

/** Text that the search uses: name, base model, id, method and metadata. */
const textOf = (job: TrainingJob): string =>
  `${jobName({ ...job, suffix: job.config.suffix })} ${job.base_model} ${job.id} ${job.method} ${Object.entries(job.metadata)
    .map(([key, value]) => `${key}:${value}`)
    .join(' ')}`.toLowerCase();

export interface Wanted {
  filter: Filter;
  method: string;
  base: string;
  age: string;
  search: string;
}

export function isWanted(job: TrainingJob, { filter, method, base, age, search }: Wanted): boolean {
  const days = AGES.find(([value]) => value === age)?.[2];
  return (
    (matches[filter] ?? matches.all)(job) &&
    (method === '' || job.method === method) &&
    (base === '' || job.base_model === base) &&
    (days === undefined || Date.now() - Date.parse(job.created_at) < days * DAY_MS) &&
    textOf(job).includes(search.toLowerCase())
  );
}
