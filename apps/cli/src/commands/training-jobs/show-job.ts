// Formats a training job as text.
import type { TrainingJob } from '@styleforge/sdk';
import { formatDuration, formatTime } from '../../terminal/output.ts';
import type { Output } from '../../terminal/output.ts';
import { describe } from '../../terminal/progress.ts';

export function showJob(output: Output, job: TrainingJob): void {
  const { id, status, method, base_model, progress, error, result, metadata, created_at, started_at, finished_at } = job;
  output.details([
    ['id', id],
    ['status', status],
    ['method', method],
    ['base model', base_model],
    ['step', `${progress.step} of ${progress.of}`],
    ['loss', progress.loss?.toFixed(4)],
    ['now', ['succeeded', 'failed', 'cancelled'].includes(status) ? null : describe(job)],
    ['checkpoint', result?.checkpoint_id],
    ['error', error && `${error.code}: ${error.message}`],
    [
      'metadata',
      Object.entries(metadata)
        .map(([key, value]) => `${key}=${value}`)
        .join(' '),
    ],
    ['created', formatTime(created_at)],
    ['took', started_at && finished_at ? formatDuration((Date.parse(finished_at) - Date.parse(started_at)) / 1000) : null],
  ]);
}
