// The project's jobs, newest first: shows the newest before all are read, and does not read unchanged jobs again.
import type { StyleForge, TrainingJob, TrainingJobStatus } from '@styleforge/sdk';
import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import { useClient } from './session.ts';
import { takeAll } from './take-all.ts';

/** Poll interval for times without the event stream, which is faster. */
const LIVE_MS = 5_000;
const CALM_MS = 15_000;
/** Age after which the whole list is read again, because an old job may have been deleted elsewhere. */
const WHOLE_MS = 60_000;
const NEWEST = 25;
const PAGE = 100;
/** Older jobs that still run are read one by one, up to this number. */
const OLD_LIVE = 8;
export const MOST_JOBS = 500;
const KEY = ['jobs'];
const READ_KEY = ['when the jobs were read'];

const LIVE: TrainingJobStatus[] = ['queued', 'validating', 'running', 'evaluating', 'pausing'];
export const isLive = ({ status }: Pick<TrainingJob, 'status'>): boolean => LIVE.includes(status);

type Jobs = Pick<StyleForge['trainingJobs'], 'list' | 'get'>;

/** `onFirst` gets the newest jobs while the others are read. */
export async function readAllJobs(jobs: Jobs, onFirst: (newest: TrainingJob[]) => void, signal?: AbortSignal): Promise<TrainingJob[]> {
  const first = await jobs.list({ limit: NEWEST }, { signal });
  if (!first.has_more || first.next === null) return first.data;
  onFirst(first.data);
  const rest = await takeAll(jobs.list({ limit: PAGE, after: first.next }, { signal }), MOST_JOBS - first.data.length);
  return [...first.data, ...rest];
}

/** The known list updated with new and unfinished jobs. Undefined: the whole list must be read. */
export async function readChangedJobs(jobs: Jobs, known: TrainingJob[], signal?: AbortSignal): Promise<TrainingJob[] | undefined> {
  const { data: newest, has_more: hasMore } = await jobs.list({ limit: NEWEST }, { signal });
  if (!hasMore) return newest;
  const at = known.findIndex(({ id }) => id === newest.at(-1)?.id);
  const older = known.slice(at + 1);
  const live = older.filter(isLive);
  if (at < 0 || live.length > OLD_LIVE) return undefined;
  const changed = new Map(await Promise.all(live.map(async ({ id }) => [id, await jobs.get(id, { signal })] as const)));
  return [...newest, ...older.map((job) => changed.get(job.id) ?? job)].slice(0, MOST_JOBS);
}

async function read(client: StyleForge, queries: QueryClient, signal: AbortSignal): Promise<TrainingJob[]> {
  const known = queries.getQueryData<TrainingJob[]>(KEY);
  const isAsked = queries.getQueryState(KEY)?.isInvalidated === true;
  const readAt = queries.getQueryData<number>(READ_KEY) ?? 0;
  const isFresh = !isAsked && Date.now() - readAt < WHOLE_MS;
  const changed = known && isFresh ? await readChangedJobs(client.trainingJobs, known, signal) : undefined;
  if (changed) return changed;
  const onFirst = (newest: TrainingJob[]) => known === undefined && queries.setQueryData(KEY, newest);
  const all = await readAllJobs(client.trainingJobs, onFirst, signal);
  queries.setQueryData(READ_KEY, Date.now());
  return all;
}

export function useJobs(): UseQueryResult<TrainingJob[]> {
  const client = useClient();
  const queries = useQueryClient();
  return useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => read(client, queries, signal),
    refetchInterval: ({ state }) => (state.data?.some(isLive) ? LIVE_MS : CALM_MS),
  });
}
