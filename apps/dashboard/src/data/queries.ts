// Queries of the screens: one hook for each list and object, refreshed while work is unfinished.
import { useQuery } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import type { BaseModel, Dataset, DatasetDetail, TrainingJob } from '@styleforge/sdk';
import { isLive } from './job-list.ts';
import { useClient } from './session.ts';
import { takeAll } from './take-all.ts';

/** Poll interval for times without the event stream, which is faster. */
const LIVE_MS = 5_000;
const CALM_MS = 15_000;
const LIST = 100;

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
  return useQuery({ queryKey: ['datasets'], queryFn: ({ signal }) => takeAll(client.datasets.list({ limit: LIST }, { signal })) });
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
