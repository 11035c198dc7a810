// An object store in which an absent object is taken for absent only while the store is the one of the database.
import type { ObjectStoreConfig } from '@styleforge/config';
import { type ListedObject, ObjectNotFoundError, type ObjectStore } from './object-store.ts';
import { type Installation, verifyStore } from './store-identity.ts';

/**
 * A volume that is not mounted looks like a store that has lost everything. A caller that looks for an object and does not find it gets a
 * StoreIdentityError instead, unless `installation.json` shows that this is the store of the database. Files that were written count
 * after the same check: below a mount point they would be gone with the next mount.
 */
export function ownObjectStore(store: ObjectStore, config: ObjectStoreConfig, installation: Pick<Installation, 'read'>): ObjectStore {
  const bound = remembered(installation);
  const assertOwn = oneAtATime(() => verifyStore(store, config, bound));
  const checkAbsence = async (error: unknown): Promise<never> => {
    if (error instanceof ObjectNotFoundError) await assertOwn();
    throw error;
  };
  const { presignGet, removeUnfinished } = store;
  return {
    assertOwn,
    async put(...args) {
      const written = await store.put(...args);
      if (config.kind === 'files') await assertOwn();
      return written;
    },
    get: (key) => store.get(key).catch(checkAbsence),
    getStream: (...args) => store.getStream(...args).catch(checkAbsence),
    async head(key) {
      const found = await store.head(key);
      if (found === null) await assertOwn();
      return found;
    },
    async *list(prefix): AsyncGenerator<ListedObject> {
      let isEmpty = true;
      for await (const object of store.list(prefix)) {
        isEmpty = false;
        yield object;
      }
      if (isEmpty) await assertOwn();
    },
    delete: (key) => store.delete(key),
    deletePrefix: (prefix) => store.deletePrefix(prefix),
    move: (...args) => store.move(...args).catch(checkAbsence),
    ...(presignGet && { presignGet: presignGet.bind(store) }),
    ...(removeUnfinished && { removeUnfinished: removeUnfinished.bind(store) }),
  };
}

/** An installation keeps its id once it has a store, so that the database need not be there for each check. */
function remembered(installation: Pick<Installation, 'read'>): Pick<Installation, 'read'> {
  let row: Awaited<ReturnType<Installation['read']>> | undefined;
  return {
    async read() {
      const known = row ?? (await installation.read());
      if (known.storeBoundAt !== null) row = known;
      return known;
    },
  };
}

/** A check that starts after the call: callers that come while one runs share the next one. */
function oneAtATime(check: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = (): Promise<void> => {
    running = check().finally(() => (running = undefined));
    return running;
  };
  const ended = () => undefined;
  return () => {
    if (running === undefined) return start();
    return (next ??= running.then(ended, ended).then(() => {
      next = undefined;
      return start();
    }));
  };
}
