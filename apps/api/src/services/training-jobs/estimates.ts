// How long a job will take, and how much memory and disk, from what earlier jobs of its kind have cost here.
import { costKey, estimateJob } from '@styleforge/contracts';
import type { JobEstimate, JobPriority, TrainingConfig } from '@styleforge/contracts';
import type { ApiDependencies } from '../../dependencies.ts';

type Asked = { projectId: string; config: TrainingConfig; priority: JobPriority };

/** Of a job that has not been made yet: behind those of its project that are queued with at least its priority. */
export async function estimateOf({ database }: ApiDependencies, { projectId, config, priority }: Asked): Promise<JobEstimate> {
  const [costs, before] = await Promise.all([
    database.jobCosts.list(costKey(config)),
    database.trainingJobs.countQueued(projectId, priority),
  ]);
  return estimateJob(config, costs, before);
}

/** Of a job that has just been queued. */
export async function estimateOfQueued({ database }: ApiDependencies, config: TrainingConfig, queuePosition: number): Promise<JobEstimate> {
  return estimateJob(config, await database.jobCosts.list(costKey(config)), queuePosition);
}
