// One job as it happens: its event stream feeds the same cache that the screens read.
import type { LogEvent, StyleForge, TrainingJob, TrainingMetric } from '@styleforge/sdk';
import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { isLive, takeAll } from './queries.ts';
import { useClient } from './session.ts';

const METRICS_MS = 2_000;
const LOG_LIMIT = 5_000;

/** What a kind of event makes stale. */
const STALE: [RegExp, string][] = [
  [/^checkpoint\./, 'checkpoints'],
  [/^validation\./, 'samples'],
  [/^job\./, 'jobs'],
];

export function useJobEvents(job: TrainingJob | undefined): void {
  const client = useClient();
  const queries = useQueryClient();
  const id = job?.id;
  const live = job !== undefined && isLive(job);
  useEffect(() => {
    if (id === undefined || !live) return;
    const controller = new AbortController();
    follow(client, queries, id, controller.signal).catch((error: unknown) => {
      // Polling goes on without the stream.
      if (!controller.signal.aborted) reportError(error);
    });
    return () => controller.abort();
  }, [client, queries, id, live]);
}

async function follow(client: StyleForge, queries: QueryClient, id: string, signal: AbortSignal): Promise<void> {
  const known = queries.getQueryData<LogEvent[]>(['log', id])?.at(-1)?.sequence ?? 0;
  for await (const event of client.trainingJobs.events(id, { signal, after: known })) {
    if (event.type === 'progress') {
      const progress = event.data as TrainingJob['progress'];
      queries.setQueryData<TrainingJob>(['job', id], (job) => job && { ...job, progress: { ...job.progress, ...progress } });
      continue;
    }
    queries.setQueryData<LogEvent[]>(['log', id], (log = []) =>
      log.some(({ sequence }) => sequence === (event as LogEvent).sequence) ? log : [...log, event as LogEvent],
    );
    for (const [pattern, key] of STALE)
      if (pattern.test(event.type)) void queries.invalidateQueries({ queryKey: key === 'jobs' ? [key] : [key, id] });
    if (event.type.startsWith('job.')) void queries.invalidateQueries({ queryKey: ['job', id] });
  }
  await queries.invalidateQueries({ queryKey: ['job', id] });
}

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
