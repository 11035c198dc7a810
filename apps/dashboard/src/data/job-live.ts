// What a job leaves behind while it runs: log, curves, samples, checkpoints.
import { ConflictError, NotFoundError, type Report, type TrainingJob, type TrainingMetric } from '@styleforge/sdk';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { isLive, takeAll } from './queries.ts';
import { useClient } from './session.ts';

const METRICS_MS = 2_000;
const LOG_LIMIT = 5_000;

export function useJobLog(id: string) {
  const client = useClient();
  return useQuery({ queryKey: ['log', id], queryFn: () => takeAll(client.trainingJobs.log(id, { limit: 100 }), LOG_LIMIT) });
}

/** Reads only the steps that are new. */
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
