// Creates generations, waits for them, and lists them with their images.
import type { Generation, GenerationCreateParams } from '@styleforge/sdk';
import { useInfiniteQuery, useMutation, useQueries, useQueryClient } from '@tanstack/react-query';
import { useClient } from './session.ts';
import { notifyError } from './toasts.ts';

const PAGE = 24;
const POLL_MS = 700;
export const isPending = ({ status }: Pick<Generation, 'status'>) => status === 'queued' || status === 'running';

export type GenerationRequest = GenerationCreateParams;

export function useGenerations(ids: string[]) {
  const client = useClient();
  return useQueries({
    queries: ids.map((id) => ({
      queryKey: ['generation', id],
      queryFn: ({ signal }: { signal: AbortSignal }) => client.images.get(id, { signal }),
      staleTime: Infinity,
      refetchInterval: ({ state }: { state: { data: Generation | undefined } }) =>
        state.data && !isPending(state.data) ? (false as const) : POLL_MS,
    })),
  });
}

export function useCancel() {
  const client = useClient();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => client.images.cancel(id),
    onSettled: (_result, _error, id) =>
      Promise.all([['generation', id], ['generations']].map((queryKey) => queries.invalidateQueries({ queryKey }))),
    onError: (error) => notifyError('The generation could not be cancelled', error),
  });
}

export function useHistory() {
  const client = useClient();
  return useInfiniteQuery({
    queryKey: ['generations'],
    queryFn: async ({ pageParam, signal }) => {
      const page = await client.images.list({ limit: PAGE, ...(pageParam && { after: pageParam }) }, { signal });
      return { data: page.data, next: page.has_more ? page.next : null };
    },
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
  });
}
