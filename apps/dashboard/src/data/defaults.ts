// The default of every setting for a method and a base model: what the service resolves an empty request to.
import type { TrainingJobCheckParams } from '@styleforge/sdk';
import { useQuery } from '@tanstack/react-query';
import { useClient } from './session.ts';

export function useDefaults(method: string, baseModel: string | undefined) {
  const client = useClient();
  return useQuery({
    queryKey: ['defaults', method, baseModel],
    queryFn: async ({ signal }) => {
      const request = { method, base_model: baseModel, style_ref: {}, aux: {} } as TrainingJobCheckParams;
      return (await client.trainingJobs.check(request, { signal })).hyperparameters;
    },
    enabled: baseModel !== undefined,
    staleTime: 300_000,
  });
}
