// Trash of the sweep: objects are moved below `trash/` by day, and deleted permanently after some days.
import { type ObjectStore, ObjectNotFoundError, trashKey, trashPrefix } from '@styleforge/storage';
import type { SweepServices } from './sweep-services.ts';

const DAY_MS = 86_400_000;

/** `objects` is a key, or a prefix that ends with a slash. */
export async function discard(objects: string, { objectStore, sweep }: Pick<SweepServices, 'objectStore' | 'sweep'>): Promise<void> {
  const keys = objects.endsWith('/') ? await keysBelow(objects, objectStore) : [objects];
  for (const key of keys) {
    if (sweep.trashDays === 0) await objectStore.delete(key);
    else await objectStore.move(key, trashKey(today(), key)).catch(passWhatIsGone);
  }
}

/** Deletes objects whose days in the trash are over. Returns the number of deleted objects; `dryRun` only counts them. */
export async function emptyTrash({ objectStore, sweep }: SweepServices): Promise<number> {
  const lastDay = dayOf(new Date(Date.now() - sweep.trashDays * DAY_MS));
  let count = 0;
  for (const key of await keysBelow(trashPrefix, objectStore)) {
    const [, day = ''] = key.split('/');
    if (day >= lastDay) continue;
    count += 1;
    if (!sweep.dryRun) await objectStore.delete(key);
  }
  return count;
}

async function keysBelow(prefix: string, store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

function passWhatIsGone(error: unknown): void {
  if (!(error instanceof ObjectNotFoundError)) throw error;
}

const dayOf = (time: Date) => time.toISOString().slice(0, 10);
const today = () => dayOf(new Date());
