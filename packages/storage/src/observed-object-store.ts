// Measures duration and result of each operation of an object store.
import { ObjectNotFoundError, type ObjectStore } from './object-store.ts';

export type StoreObserver = (operation: keyof ObjectStore, outcome: 'ok' | 'not_found' | 'error', seconds: number) => void;

/** Wraps a store. Streams count until their first byte. Listing is not measured, because its duration depends on the reader. */
export function observeObjectStore(store: ObjectStore, observe: StoreObserver): ObjectStore {
  const timed = async <Result>(operation: keyof ObjectStore, work: () => Promise<Result>): Promise<Result> => {
    const start = performance.now();
    const done = (outcome: Parameters<StoreObserver>[1]) => observe(operation, outcome, (performance.now() - start) / 1_000);
    try {
      const result = await work();
      done('ok');
      return result;
    } catch (error) {
      done(error instanceof ObjectNotFoundError ? 'not_found' : 'error');
      throw error;
    }
  };
  const { assertOwn } = store;
  return {
    ...(assertOwn && { assertOwn }),
    put: (...args) => timed('put', () => store.put(...args)),
    get: (key) => timed('get', () => store.get(key)),
    getStream: (...args) => timed('getStream', () => store.getStream(...args)),
    head: (key) => timed('head', () => store.head(key)),
    list: (prefix) => store.list(prefix),
    delete: (key) => timed('delete', () => store.delete(key)),
    deletePrefix: (prefix) => timed('deletePrefix', () => store.deletePrefix(prefix)),
    move: (from, to) => timed('move', () => store.move(from, to)),
    ...(store.presignGet && {
      presignGet: (...args: Parameters<NonNullable<ObjectStore['presignGet']>>) =>
        timed('presignGet', async () => store.presignGet?.(...args) ?? ''),
    }),
    ...(store.removeUnfinished && {
      removeUnfinished: (olderThanMs: number) => timed('removeUnfinished', async () => store.removeUnfinished?.(olderThanMs) ?? 0),
    }),
  };
}
