// Finds out whether an object store can be read and written.
import type { ObjectStore } from './object-store.ts';

const probeKey = 'readiness/probe';
const writeEveryMs = 60_000;

/** Throws when the store is down, or not the one of the database. It is read every time, and written once a minute: writing costs money. */
export function createObjectStoreProbe(store: ObjectStore): () => Promise<void> {
  let writtenAt = Number.NEGATIVE_INFINITY;
  return async () => {
    // Before anything is written: below a mount point it would stay there.
    await store.assertOwn?.();
    if (Date.now() - writtenAt > writeEveryMs) {
      await store.put(probeKey, Buffer.from('written to see whether it can be'));
      writtenAt = Date.now();
    }
    await store.head(probeKey);
  };
}
