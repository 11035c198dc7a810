// Makes sure that the store belongs to the database whenever an object is missing.
import type { ObjectStoreConfig } from '@styleforge/config';
import { type ListedObject, ObjectNotFoundError, type ObjectStore } from './object-store.ts';
import { type Installation, verifyStore } from './store-identity.ts';

/**
 * A volume that is not mounted looks like a store that has lost everything. A caller that does not find an object therefore gets a
 * StoreIdentityError, unless `installation.json` shows that the store belongs to the database. Written files count only
 * after the same check, because files below a mount point would vanish with the next mount.
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

/** Remembers the id of an installation that has a store, so that the database is not needed for each check. */
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

/** Runs one check at a time. Calls during a check share the next one, which starts after them. */
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
