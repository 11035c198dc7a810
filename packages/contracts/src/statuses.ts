// What states jobs and generations pass through, and which changes are allowed.
import { z } from 'zod';

export const JOB_STATUSES = [
  'queued',
  'validating',
  'running',
  'evaluating',
  'pausing',
  'paused',
  'succeeded',
  'failed',
  'cancelled',
] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];
export const jobStatus = z.enum(JOB_STATUSES).meta({ id: 'TrainingJobStatus' });

/** From each status, the ones that may follow. A finished or paused job goes back to `queued` when it is resumed. */
export const JOB_TRANSITIONS: Record<JobStatus, readonly JobStatus[]> = {
  queued: ['validating', 'running', 'paused', 'failed', 'cancelled'],
  validating: ['running', 'pausing', 'paused', 'failed', 'cancelled'],
  running: ['evaluating', 'pausing', 'paused', 'succeeded', 'failed', 'cancelled'],
  evaluating: ['succeeded', 'failed', 'cancelled'],
  // Also a job whose last step was done before it could pause.
  pausing: ['paused', 'succeeded', 'failed', 'cancelled'],
  paused: ['queued', 'cancelled'],
  succeeded: ['queued'],
  failed: ['queued'],
  cancelled: ['queued'],
};

/** A worker holds the job. */
export const ACTIVE_JOB_STATUSES = ['validating', 'running', 'evaluating', 'pausing'] as const satisfies readonly JobStatus[];
export const FINISHED_JOB_STATUSES = ['succeeded', 'failed', 'cancelled'] as const satisfies readonly JobStatus[];
/** The job may still need its datasets. */
export const LIVE_JOB_STATUSES = ['queued', 'paused', ...ACTIVE_JOB_STATUSES] as const satisfies readonly JobStatus[];

export const GENERATION_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type GenerationStatus = (typeof GENERATION_STATUSES)[number];
export const generationStatus = z.enum(GENERATION_STATUSES).meta({ id: 'GenerationStatus' });

export const GENERATION_TRANSITIONS: Record<GenerationStatus, readonly GenerationStatus[]> = {
  queued: ['running', 'failed', 'cancelled'],
  running: ['succeeded', 'failed', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
};

export function isFinishedJob(status: JobStatus): boolean {
  return (FINISHED_JOB_STATUSES as readonly JobStatus[]).includes(status);
}

export function isFinishedGeneration(status: GenerationStatus): boolean {
  return GENERATION_TRANSITIONS[status].length === 0;
}
