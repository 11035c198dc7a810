// What screens read: one hook for each list and thing, refreshed while something is under way.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import type { BaseModel, Dataset, DatasetDetail, TrainingJob, TrainingJobListParams, TrainingJobStatus } from '@styleforge/sdk';
import { useClient } from './session.ts';

/** The event stream is quicker; this is for when it breaks. */
const LIVE_MS = 5_000;
const CALM_MS = 15_000;
const LIST = 100;

const LIVE: TrainingJobStatus[] = ['queued', 'validating', 'running', 'evaluating', 'pausing'];
export const isLive = ({ status }: Pick<TrainingJob, 'status'>): boolean => LIVE.includes(status);

async function take<Item>(list: AsyncIterable<Item>, limit = 500): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of list) if (items.push(item) >= limit) break;
  return items;
}
export { take as takeAll };

export function useJobs(params: TrainingJobListParams = {}): UseQueryResult<TrainingJob[]> {
  const client = useClient();
  return useQuery({
    queryKey: ['jobs', params],
    queryFn: ({ signal }) => take(client.trainingJobs.list({ limit: LIST, ...params }, { signal })),
    refetchInterval: ({ state }) => (state.data?.some(isLive) ? LIVE_MS : CALM_MS),
    placeholderData: keepPreviousData,
  });
}

export function useJob(id: string): UseQueryResult<TrainingJob> {
  const client = useClient();
  return useQuery({
    queryKey: ['job', id],
    queryFn: ({ signal }) => client.trainingJobs.get(id, { signal }),
    refetchInterval: ({ state }) => (state.data && isLive(state.data) ? LIVE_MS : CALM_MS),
  });
}

export function useDatasets(): UseQueryResult<Dataset[]> {
  const client = useClient();
  return useQuery({ queryKey: ['datasets'], queryFn: ({ signal }) => take(client.datasets.list({ limit: LIST }, { signal })) });
}

export function useDataset(id: string | undefined): UseQueryResult<DatasetDetail> {
  const client = useClient();
  return useQuery({
    queryKey: ['datasets', id],
    queryFn: ({ signal }) => client.datasets.get(id!, { signal }),
    enabled: id !== undefined && id !== '',
  });
}

export function useBaseModels(): UseQueryResult<BaseModel[]> {
  const client = useClient();
  return useQuery({ queryKey: ['base-models'], queryFn: ({ signal }) => client.baseModels.list({ signal }), staleTime: 300_000 });
}
