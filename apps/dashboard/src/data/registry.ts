// Models that have a name, and their versions.
import type { Checkpoint, Model, ModelVersion } from '@styleforge/sdk';
import { useQuery } from '@tanstack/react-query';
import type { UseQueryResult } from '@tanstack/react-query';
import { takeAll } from './take-all.ts';
import { useClient } from './session.ts';

export function useNamedModels(): UseQueryResult<Model[]> {
  const client = useClient();
  return useQuery({ queryKey: ['models'], queryFn: ({ signal }) => takeAll(client.models.list({ limit: 100 }, { signal })) });
}

export function useNamedModel(name: string): UseQueryResult<Model> {
  const client = useClient();
  return useQuery({ queryKey: ['models', name], queryFn: ({ signal }) => client.models.get(name, { signal }) });
}

export function useModelVersions(name: string): UseQueryResult<ModelVersion[]> {
  const client = useClient();
  return useQuery({
    queryKey: ['models', name, 'versions'],
    queryFn: ({ signal }) => takeAll(client.models.listVersions(name, { limit: 100 }, { signal })),
  });
}

/** The checkpoint with its download formats; nothing is requested for null. */
export function useCheckpoint(id: string | null): UseQueryResult<Checkpoint> {
  const client = useClient();
  return useQuery({
    queryKey: ['checkpoint', id],
    queryFn: ({ signal }) => client.checkpoints.get(id ?? '', { signal }),
    enabled: id !== null,
  });
}
