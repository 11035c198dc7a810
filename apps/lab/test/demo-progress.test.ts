// The lines that the demo prints while a job trains and is evaluated.
import type { TrainingJobBody } from '@styleforge/contracts';
import { expect, it } from 'vitest';
import { lineOf } from '../src/demo/progress-bar.ts';

const job = (status: TrainingJobBody['status'], progress: object): TrainingJobBody =>
  ({ status, progress: { step: 100, of: 100, loss: 0.25, samples_per_second: null, eta_seconds: null, ...progress } }) as TrainingJobBody;

it('shows steps while the job trains, and images while it is evaluated', () => {
  expect(lineOf(job('running', { step: 40 }))).toBe('running 40/100 loss 0.2500');
  expect(lineOf(job('evaluating', { evaluation: { phase: 'images', done: 12, of: 20 } }))).toBe('evaluating, images 12/20');
  expect(lineOf(job('succeeded', { evaluation: { phase: 'metrics', done: 3, of: 3 } }))).toBe('succeeded 100/100 loss 0.2500');
});

it('shows the speed of a large model and of a small one with three digits', () => {
  expect(lineOf(job('running', { samples_per_second: 0.04312 }))).toContain('0.0431 samples/s');
  expect(lineOf(job('running', { samples_per_second: 52.68 }))).toContain('52.7 samples/s');
});
