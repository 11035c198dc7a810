// Checks whether an object store can be read and written.
import type { ObjectStore } from './object-store.ts';

const probeKey = 'readiness/probe';
const writeEveryMs = 60_000;

/**
 * Creates the check. It throws if the store is unavailable or does not belong to the database. It reads every time, and writes once a
 * minute, because writing costs money.
 */
export function createObjectStoreProbe(store: ObjectStore): () => Promise<void> {
  let writtenAt = Number.NEGATIVE_INFINITY;
  return async () => {
    // Checked before anything is written, because a file below a mount point would stay there.
    await store.assertOwn?.();
    if (Date.now() - writtenAt > writeEveryMs) {
      await store.put(probeKey, Buffer.from('written to see whether it can be'));
      writtenAt = Date.now();
    }
    await store.head(probeKey);
  };
}
