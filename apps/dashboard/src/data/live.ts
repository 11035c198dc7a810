// Live updates: one event stream updates the cache that all screens read.
import type { ProjectStreamEvent, StyleForge, TrainingJob } from '@styleforge/sdk';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useClient } from './session.ts';

const RESTART_MS = 5_000;
const PROGRESS = 'training_job.progress';

/** Queries that a kind of event makes stale; `id` stands for the event's subject. */
const STALE: [RegExp, string[][]][] = [
  [/^training_job\./, [['jobs'], ['job', 'id'], ['log', 'id'], ['studies']]],
  [
    /^checkpoint\./,
    [
      ['checkpoints', 'id'],
      ['log', 'id'],
    ],
  ],
  [
    /^validation\./,
    [
      ['samples', 'id'],
      ['log', 'id'],
    ],
  ],
  [/^generation\./, [['generation', 'id'], ['generations'], ['images']]],
  [/^model\./, [['models']]],
  [/^study\./, [['studies']]],
  [/^worker\./, [['workers'], ['queue']]],
  [/^evaluation\./, [['evaluation', 'id'], ['evaluations']]],
];

export function useProjectEvents(): void {
  const client = useClient();
  const queries = useQueryClient();
  useEffect(() => {
    const controller = new AbortController();
    void follow(client, queries, controller.signal);
    return () => controller.abort();
  }, [client, queries]);
}

async function follow(client: StyleForge, queries: QueryClient, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const event of client.events.stream({ signal })) applyEvent(queries, event);
    } catch (error) {
      // Screens poll every few seconds while the stream reconnects.
      if (!signal.aborted) reportError(error);
    }
    await new Promise((done) => setTimeout(done, RESTART_MS));
  }
}

/** Updates or refreshes what the cache has of the subject of an event. */
export function applyEvent(queries: QueryClient, event: ProjectStreamEvent): void {
  if (event.type === PROGRESS) return applyProgress(queries, event);
  for (const [pattern, keys] of STALE) {
    if (pattern.test(event.type)) markStale(queries, keys, event.subject_id);
  }
}

function markStale(queries: QueryClient, keys: string[][], id: string): void {
  for (const key of keys) void queries.invalidateQueries({ queryKey: key.map((part) => (part === 'id' ? id : part)) });
}

function applyProgress(queries: QueryClient, { subject_id: id, data }: ProjectStreamEvent): void {
  let isBehind = false;
  const patch = (job: TrainingJob): TrainingJob => {
    isBehind ||= job.status !== 'running';
    return { ...job, progress: { ...job.progress, ...(data as Partial<TrainingJob['progress']>) } };
  };
  queries.setQueryData<TrainingJob>(['job', id], (job) => job && patch(job));
  queries.setQueriesData<TrainingJob[]>({ queryKey: ['jobs'] }, (jobs) => jobs?.map((job) => (job.id === id ? patch(job) : job)));
  // The job was asked for while there was no connection, and new data counts as fresh.
  if (isBehind) markStale(queries, [['jobs'], ['job', 'id']], id);
}
