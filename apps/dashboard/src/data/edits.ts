// Optimistic changes and stored responses, which an older read must not replace.
import { type QueryClient, type QueryKey, useMutation, useMutationState, useQueryClient } from '@tanstack/react-query';
import { untilLeft } from './leaving.ts';
import { notifyError } from './toasts.ts';

export interface Edit<Data> {
  /** Key of the changed object. Edits of the same object run in order, so that the last one is stored. */
  of: string[];
  send(): Promise<unknown>;
  /** Applies the change to the data; must be idempotent. */
  apply(data: Data): Data;
  /** Error message if the service refuses. */
  refusal: string;
  /** Called when the screen shows the stored state. */
  onShown?(): unknown;
}

const unstored = (queryKey: QueryKey) => ({ mutationKey: ['edit', ...queryKey], status: 'pending' as const });
const applied = <Data>(stored: Data, edits: Edit<Data>[]): Data => edits.reduce((data, edit) => edit.apply(data), stored);

const sending = new Map<string, Promise<unknown>>();

/** All other edits are sent immediately, and those that wait when the page is closed. */
async function inTurn({ of, send }: Pick<Edit<unknown>, 'of' | 'send'>): Promise<unknown> {
  const earlier = of.flatMap((id) => sending.get(id) ?? []);
  const sent = Promise.race([Promise.allSettled(earlier), untilLeft()]).then(send);
  for (const id of of) sending.set(id, sent);
  return sent.finally(() => {
    for (const id of of) if (sending.get(id) === sent) sending.delete(id);
  });
}

export function useEdits<Data>(queryKey: QueryKey): (edit: Edit<Data>) => void {
  const queries = useQueryClient();
  const { mutationKey } = unstored(queryKey);
  return useMutation({
    mutationKey,
    mutationFn: (edit: Edit<Data>) => inTurn(edit),
    onSuccess: (_result, edit) => queries.setQueryData<Data>(queryKey, (data) => data && edit.apply(data)),
    onError: (error, { refusal }) => notifyError(refusal, error),
    onSettled: async (_result, error, { onShown }) => {
      await queries.invalidateQueries({ queryKey });
      if (!error) await onShown?.();
    },
  }).mutate;
}

/** Data with the edits that are not stored yet, because responses of the service meanwhile are older. */
export function useEdited<Data>(queryKey: QueryKey, stored: Data): Data {
  return applied(stored, useMutationState({ filters: unstored(queryKey), select: ({ state }) => state.variables as Edit<Data> }));
}

/** Like the hook, but usable outside of rendering. */
export function editedData<Data>(queries: QueryClient, queryKey: QueryKey): Data | undefined {
  const stored = queries.getQueryData<Data>(queryKey);
  const edits = queries.getMutationCache().findAll(unstored(queryKey));
  return (
    stored &&
    applied(
      stored,
      edits.map(({ state }) => state.variables as Edit<Data>),
    )
  );
}

/** Stores a response in the cache. Cancels earlier reads, whose older response would replace it. */
export async function keepResponse<Data>(queries: QueryClient, queryKey: QueryKey, response: Data): Promise<void> {
  await queries.cancelQueries({ queryKey });
  queries.setQueryData(queryKey, response);
}
