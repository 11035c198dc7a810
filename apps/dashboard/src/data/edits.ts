// Changes that are shown before they are stored, and responses that are kept: neither may be replaced by an older read.
import { type QueryClient, type QueryKey, useMutation, useMutationState, useQueryClient } from '@tanstack/react-query';
import { notifyError } from './toasts.ts';

export interface Edit<Data> {
  /** What it changes. An edit of the same waits, so that the later one is what is stored. */
  of: string[];
  send(): Promise<unknown>;
  /** The data as they will be; also if they are that already. */
  apply(data: Data): Data;
  /** What is said where the service refuses. */
  refusal: string;
  /** Called when the screen shows what the service has stored. */
  onShown?(): unknown;
}

const unstored = (queryKey: QueryKey) => ({ mutationKey: ['edit', ...queryKey], status: 'pending' as const });
const applied = <Data>(stored: Data, edits: Edit<Data>[]): Data => edits.reduce((data, edit) => edit.apply(data), stored);

const sending = new Map<string, Promise<unknown>>();

/** All others are sent at once: what waits here is lost when the page is closed. */
async function inTurn({ of, send }: Pick<Edit<unknown>, 'of' | 'send'>): Promise<unknown> {
  const sent = Promise.allSettled(of.flatMap((id) => sending.get(id) ?? [])).then(send);
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

/** Data with the edits that are not stored yet: what the service tells meanwhile is older than they are. */
export function useEdited<Data>(queryKey: QueryKey, stored: Data): Data {
  return applied(stored, useMutationState({ filters: unstored(queryKey), select: ({ state }) => state.variables as Edit<Data> }));
}

/** The same outside of a screen's rendering. */
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

/** Puts a response where screens read it. A read that began earlier is stopped: its older response would replace this one. */
export async function keepResponse<Data>(queries: QueryClient, queryKey: QueryKey, response: Data): Promise<void> {
  await queries.cancelQueries({ queryKey });
  queries.setQueryData(queryKey, response);
}
