// Data of a running job: log, curves, samples, checkpoints.
import { ConflictError, type LogEvent, NotFoundError, type Report, type TrainingJob, type TrainingMetric } from '@styleforge/sdk';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { isLive } from './job-list.ts';
import { takeAll } from './take-all.ts';
import { useClient } from './session.ts';

const METRICS_MS = 2_000;
const LOG_LIMIT = 5_000;
const WORKER_LINES = 1_000;

/** Reads only new events, when the project's stream announces them. */
export function useJobLog(id: string) {
  const client = useClient();
  const queries = useQueryClient();
  const key = ['log', id];
  return useQuery({
    queryKey: key,
    queryFn: async () => {
      const known = queries.getQueryData<LogEvent[]>(key) ?? [];
      const last = known.at(-1)?.sequence;
      const fresh = await takeAll(client.trainingJobs.log(id, { limit: 100, ...(last !== undefined && { after: last }) }), LOG_LIMIT);
      return fresh.length === 0 ? known : [...known, ...fresh];
    },
    structuralSharing: false,
  });
}

/** The last lines that workers have logged about the job. */
export function useWorkerLog(job: TrainingJob) {
  const client = useClient();
  return useQuery({
    queryKey: ['worker-log', job.id],
    queryFn: ({ signal }) => client.trainingJobs.workerLog(job.id, { lines: WORKER_LINES }, { signal }),
    refetchInterval: isLive(job) ? METRICS_MS : false,
  });
}

/** Reads only new steps. */
export function useMetrics(job: TrainingJob) {
  const client = useClient();
  const queries = useQueryClient();
  const key = ['metrics', job.id];
  return useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => {
      const known = queries.getQueryData<TrainingMetric[]>(key) ?? [];
      const after = known.at(-1)?.step ?? 0;
      const fresh = await client.trainingJobs.metrics(job.id, { signal, after });
      return fresh.length === 0 ? known : [...known, ...fresh];
    },
    refetchInterval: isLive(job) ? METRICS_MS : false,
    structuralSharing: false,
  });
}

export function useSamples(job: TrainingJob) {
  const client = useClient();
  return useQuery({
    queryKey: ['samples', job.id],
    queryFn: ({ signal }) => client.trainingJobs.images(job.id, { signal }),
    refetchInterval: isLive(job) ? 5_000 : false,
  });
}

export function useCheckpoints(job: TrainingJob) {
  const client = useClient();
  return useQuery({
    queryKey: ['checkpoints', job.id],
    queryFn: ({ signal }) => client.trainingJobs.checkpoints(job.id, { signal }),
    refetchInterval: isLive(job) ? 10_000 : false,
  });
}

/** The report of the job's evaluation; `none`: it was not evaluated, `pending`: it has not ended. */
export function useJobReport(job: TrainingJob) {
  const client = useClient();
  return useQuery({
    queryKey: ['report', job.id, job.status],
    queryFn: async ({ signal }): Promise<Report | 'none' | 'pending'> => {
      try {
        return await client.trainingJobs.report(job.id, { signal });
      } catch (failure) {
        if (failure instanceof NotFoundError) return 'none';
        if (failure instanceof ConflictError) return 'pending';
        throw failure;
      }
    },
  });
}
