// Deletes that can be undone: the row disappears at once, the request is sent when the time to undo is over.
import { useQueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { MOST_REQUESTS } from './leaving.ts';
import { dismiss, notify, notifyError } from './toasts.ts';

const UNDO_MS = 6_000;
let hidden: ReadonlySet<string> = new Set();
const pending = new Map<string, () => Promise<void>>();
const listeners = new Set<() => void>();

function change(update: (set: Set<string>) => void): void {
  const next = new Set(hidden);
  update(next);
  hidden = next;
  for (const listener of listeners) listener();
}

export const useHidden = (): ReadonlySet<string> =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => hidden,
  );

// Leaving the page confirms the deletes. More than a closed page can send are asked about.
addEventListener('pagehide', () => {
  for (const run of pending.values()) void run();
});
addEventListener('beforeunload', (event) => {
  if ([...pending.keys()].flatMap((key) => key.split(',')).length > MOST_REQUESTS) event.preventDefault();
});

export interface Deletion {
  /** Ids that lists hide meanwhile. */
  ids: string[];
  label: string;
  /** Query that is refreshed afterwards. */
  invalidates: string;
  run(): Promise<unknown>;
}

export function useDelete(): (deletion: Deletion) => void {
  const queries = useQueryClient();
  return ({ ids, label, invalidates, run }) => {
    const key = ids.join();
    const restore = () => change((set) => ids.forEach((id) => set.delete(id)));
    const commit = async () => {
      if (!pending.delete(key)) return;
      clearTimeout(timer);
      try {
        await run();
        await queries.invalidateQueries({ queryKey: [invalidates] });
      } catch (error) {
        notifyError(`${label} could not be deleted`, error);
      } finally {
        restore();
      }
    };
    change((set) => ids.forEach((id) => set.add(id)));
    pending.set(key, commit);
    const timer = setTimeout(() => void commit(), UNDO_MS);
    const toast = notify({
      title: `${label} deleted`,
      undo: () => {
        pending.delete(key);
        clearTimeout(timer);
        restore();
        dismiss(toast);
      },
    });
  };
}
