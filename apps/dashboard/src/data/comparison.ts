// Comparison of several jobs: their curves over common steps, and the settings in which they differ.
import type { TrainingCurves, TrainingJob } from '@styleforge/sdk';

type Buckets = TrainingCurves['data'][number]['buckets'];
export type CurveField = 'loss' | 'style_ref_loss' | 'aux_loss' | 'grad_norm';

export interface AlignedCurves {
  steps: number[];
  /** Values of each job; null at steps without a value. */
  values: (number | null)[][];
}

export function alignCurves(curves: { buckets: Buckets }[], field: CurveField): AlignedCurves {
  const steps = [...new Set(curves.flatMap(({ buckets }) => buckets.map(({ last_step: step }) => step)))].sort((a, b) => a - b);
  const at = new Map(steps.map((step, index) => [step, index]));
  const values = curves.map(({ buckets }) => {
    const row = new Array<number | null>(steps.length).fill(null);
    for (const bucket of buckets) row[at.get(bucket.last_step)!] = bucket[field]?.mean ?? null;
    return row;
  });
  return { steps, values };
}

/** Every setting by its path, `hyperparameters.learning_rate`; lists are not flattened. */
export function flatten(value: unknown, path = ''): [string, string][] {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return [[path, value === undefined ? '–' : JSON.stringify(value)]];
  return Object.entries(value).flatMap(([name, inner]) => flatten(inner, path === '' ? name : `${path}.${name}`));
}

export interface Difference {
  setting: string;
  /** Value of each job; a dash if the job has no such setting. */
  values: string[];
}

export function differencesOf(jobs: Pick<TrainingJob, 'config'>[]): Difference[] {
  const maps = jobs.map(({ config }) => new Map(flatten(config)));
  const settings = [...new Set(maps.flatMap((map) => [...map.keys()]))];
  return settings
    .map((setting) => ({ setting, values: maps.map((map) => map.get(setting) ?? '–') }))
    .filter(({ values }) => new Set(values).size > 1);
}
