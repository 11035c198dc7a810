// The statuses of jobs and generations, and the allowed changes between them.
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

/**
 * The statuses that may follow each status; the database refuses all others (table `status_transitions`).
 * A finished or paused job goes back to `queued` when it is resumed.
 */
export const JOB_TRANSITIONS: Record<JobStatus, readonly JobStatus[]> = {
  queued: ['validating', 'paused', 'failed', 'cancelled'],
  validating: ['running', 'pausing', 'failed', 'cancelled'],
  running: ['evaluating', 'pausing', 'succeeded', 'failed', 'cancelled'],
  evaluating: ['succeeded', 'failed', 'cancelled'],
  // Also for a job whose last step was done before it could pause.
  pausing: ['paused', 'evaluating', 'succeeded', 'failed', 'cancelled'],
  paused: ['queued', 'cancelled'],
  succeeded: ['queued'],
  failed: ['queued'],
  cancelled: ['queued'],
};

/** Statuses in which a worker holds the job. */
export const ACTIVE_JOB_STATUSES = ['validating', 'running', 'evaluating', 'pausing'] as const satisfies readonly JobStatus[];
export const FINISHED_JOB_STATUSES = ['succeeded', 'failed', 'cancelled'] as const satisfies readonly JobStatus[];
/** Statuses in which the job may still need its datasets. */
export const LIVE_JOB_STATUSES = ['queued', 'paused', ...ACTIVE_JOB_STATUSES] as const satisfies readonly JobStatus[];

/** Order among the jobs of one project: higher priority goes first. Priorities do not affect the shares of projects. */
export const PRIORITY_RANKS = { low: -1, normal: 0, high: 1 } as const;
export type JobPriority = keyof typeof PRIORITY_RANKS;
export const jobPriority = z.enum(['low', 'normal', 'high']).meta({ id: 'TrainingJobPriority' });

export function priorityOf(rank: number): JobPriority {
  return rank > 0 ? 'high' : rank < 0 ? 'low' : 'normal';
}

export const GENERATION_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type GenerationStatus = (typeof GENERATION_STATUSES)[number];
export const generationStatus = z.enum(GENERATION_STATUSES).meta({ id: 'GenerationStatus' });

/** Transitions of generations and evaluations, which the database enforces too. */
export const GENERATION_TRANSITIONS: Record<GenerationStatus, readonly GenerationStatus[]> = {
  queued: ['running', 'failed', 'cancelled'],
  running: ['succeeded', 'failed', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
};

export const EXPORT_STATUSES = ['queued', 'running', 'succeeded', 'failed'] as const;
export type ExportStatus = (typeof EXPORT_STATUSES)[number];
export const exportStatus = z.enum(EXPORT_STATUSES).meta({ id: 'ExportStatus' });

/** An expired or failed file is made again when it is requested. */
export const EXPORT_TRANSITIONS: Record<ExportStatus, readonly ExportStatus[]> = {
  queued: ['running', 'failed'],
  running: ['succeeded', 'failed'],
  succeeded: ['queued'],
  failed: ['queued'],
};

export function isFinishedJob(status: JobStatus): status is (typeof FINISHED_JOB_STATUSES)[number] {
  return (FINISHED_JOB_STATUSES as readonly JobStatus[]).includes(status);
}

export function isFinishedGeneration(status: GenerationStatus): boolean {
  return GENERATION_TRANSITIONS[status].length === 0;
}
