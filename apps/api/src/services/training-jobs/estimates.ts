// Estimates the time, memory and disk space of a job from the costs of earlier similar jobs on this installation.
import { costKey, estimateJob, LIVE_WORKER_STATUSES, WORKER_SILENT_SECONDS, workerStatusOf } from '@styleforge/contracts';
import type { DeviceName, JobEstimate, JobPriority, TrainingConfig, WorkerCounts, WorkerStatus } from '@styleforge/contracts';
import type { Database } from '@styleforge/database';
import type { ApiDependencies } from '../../dependencies.ts';
import { sharedFor } from '../../http/shared-for.ts';

type Asked = { projectId: string; config: TrainingConfig; priority: JobPriority };

/** Milliseconds for which the list of workers is cached, so that submissions need not query it. */
const KEPT_MS = 2_000;

const countersOf = new WeakMap<Database, () => Promise<WorkerCounts>>();

/** Estimate of a job that has not been created yet, placed behind the project's queued jobs with at least its priority. */
export async function estimateOf({ database }: ApiDependencies, { projectId, config, priority }: Asked): Promise<JobEstimate> {
  const [costs, before, workers] = await Promise.all([
    database.jobCosts.list(costKey(config)),
    database.trainingJobs.countQueued(projectId, priority),
    trainingWorkers(database),
  ]);
  return estimateJob(config, costs, before, workers);
}

/** Estimate of a job that has just been queued. */
export async function estimateOfQueued({ database }: ApiDependencies, config: TrainingConfig, queuePosition: number): Promise<JobEstimate> {
  const [costs, workers] = await Promise.all([database.jobCosts.list(costKey(config)), trainingWorkers(database)]);
  return estimateJob(config, costs, queuePosition, workers);
}

function trainingWorkers(database: Database): Promise<WorkerCounts> {
  const known = countersOf.get(database) ?? sharedFor(KEPT_MS, () => countWorkers(database));
  countersOf.set(database, known);
  return known();
}

/** Number of live workers that take further training jobs, by kind of device. */
async function countWorkers(database: Database): Promise<WorkerCounts> {
  const counts: WorkerCounts = {};
  for (const worker of await database.workers.heardSince(new Date(Date.now() - WORKER_SILENT_SECONDS * 1000))) {
    const isLive = (LIVE_WORKER_STATUSES as readonly WorkerStatus[]).includes(workerStatusOf(worker));
    if (!isLive || worker.drainRequestedAt !== null || worker.stoppingAt !== null || !(worker.queues['train'] ?? 0)) continue;
    const device = worker.device as DeviceName;
    counts[device] = (counts[device] ?? 0) + 1;
  }
  return counts;
}
