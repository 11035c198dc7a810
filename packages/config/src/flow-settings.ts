// Settings of the job flow: what a project may queue and run at a time.
import { z } from 'zod';

export const flowEnvironment = {
  MAX_QUEUED_JOBS_PER_PROJECT: z.coerce.number().int().min(1).default(1_000),
  MAX_RUNNING_JOBS_PER_PROJECT: z.coerce.number().int().min(1).optional(),
};

type FlowEnvironment = z.infer<z.ZodObject<typeof flowEnvironment>>;

export interface FlowConfig {
  /** Both are for projects without numbers of their own. */
  maxQueuedJobsPerProject: number;
  /** Absent: as many as there are workers. */
  maxRunningJobsPerProject?: number;
}

export function flowConfigOf(settings: FlowEnvironment): FlowConfig {
  return {
    maxQueuedJobsPerProject: settings.MAX_QUEUED_JOBS_PER_PROJECT,
    ...(settings.MAX_RUNNING_JOBS_PER_PROJECT && { maxRunningJobsPerProject: settings.MAX_RUNNING_JOBS_PER_PROJECT }),
  };
}

export function flowEnvironmentOf(flow: FlowConfig): NodeJS.ProcessEnv {
  return {
    MAX_QUEUED_JOBS_PER_PROJECT: String(flow.maxQueuedJobsPerProject),
    MAX_RUNNING_JOBS_PER_PROJECT: flow.maxRunningJobsPerProject?.toString(),
  };
}
