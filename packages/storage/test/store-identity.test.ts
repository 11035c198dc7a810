// The store that a database accepts as its own: at the first start, after an upgrade, and if it belongs to another database.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStoreConfig } from '@styleforge/config';
import {
  createObjectStore,
  identifyStore,
  type Installation,
  installationKey,
  type ObjectStore,
  StoreIdentityError,
} from '@styleforge/storage';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

let directory: string;
let config: ObjectStoreConfig;
let store: ObjectStore;
let count = 0;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-identity-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));
beforeEach(async () => {
  config = { kind: 'files', directory: join(directory, `store-${(count += 1)}`) };
  store = await createObjectStore(config);
});

/** The database's part in memory; the sweep's tests use the real one. */
function installation(keys: string[] = [], id = 'inst_mine'): Installation & { bound: () => string | null } {
  let row: { id: string; storeBoundAt: Date | null } = { id, storeBoundAt: null };
  let held = false;
  return {
    read: async () => row,
    bindStore: async (bound) => void (row = { id: bound, storeBoundAt: new Date() }),
    sampleKeys: async () => keys,
    alone: async (work) => {
      if (held) return undefined;
      held = true;
      return work().finally(() => (held = false));
    },
    bound: () => (row.storeBoundAt === null ? null : row.id),
  };
}

const identityOf = async (of: ObjectStore) => Buffer.from(await of.get(installationKey)).toString();
const keysOf = (many: number) => Array.from({ length: many }, (_, index) => `projects/p/generations/g/${index}.png`);
const fill = async (keys: string[]) => {
  for (const key of keys) await store.put(key, Buffer.from(key));
};

describe('a new installation', () => {
  it('writes its id into an empty store, once for all processes that start together, and recognizes it later', async () => {
    const mine = installation();
    await Promise.all(Array.from({ length: 5 }, () => identifyStore(store, config, mine)));
    expect(mine.bound()).toBe('inst_mine');
    expect(await identityOf(store)).toBe('{"installation":"inst_mine"}\n');
    await identifyStore(store, config, mine);
  });

  it('refuses a store that already has objects, with or without an id', async () => {
    await fill(keysOf(1));
    await expect(identifyStore(store, config, installation())).rejects.toThrow(
      /^OBJECT_STORE_DIRECTORY: .* has objects, and the database .* is new/,
    );
    await store.put(installationKey, Buffer.from('{"installation":"inst_other"}'));
    const mine = installation();
    await expect(identifyStore(store, config, mine)).rejects.toThrow(/of installation inst_other/);
    expect(mine.bound()).toBeNull();
  });
});

describe('an installation that has a store', () => {
  it('refuses an empty one, and names the setting and how to accept the store anyway', async () => {
    const mine = installation();
    await identifyStore(store, config, mine);
    const empty: ObjectStoreConfig = { kind: 'files', directory: join(directory, 'not-mounted') };
    const other = await createObjectStore(empty);
    const refusal = await identifyStore(other, empty, mine).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(StoreIdentityError);
    expect(String(refusal)).toMatch(
      /OBJECT_STORE_DIRECTORY: the folder .*not-mounted has no installation\.json.*a volume that is not mounted/,
    );
    const content = /with the content (\{.*?\})/.exec(String(refusal))?.[1] ?? '';
    await other.put(installationKey, Buffer.from(content));
    await identifyStore(other, empty, mine);
  });

  it('refuses the store of another installation', async () => {
    await identifyStore(store, config, installation([], 'inst_theirs'));
    const mine = installation();
    await mine.bindStore('inst_mine');
    await expect(identifyStore(store, config, mine)).rejects.toThrow(/belongs to installation inst_theirs, and the database .* inst_mine/);
  });
});

describe('an installation from before there were ids', () => {
  it('accepts the store that has its objects, even if a few are lost', async () => {
    const keys = keysOf(100);
    await fill(keys.slice(0, 95));
    const mine = installation(keys);
    await identifyStore(store, config, mine);
    expect([mine.bound(), await identityOf(store)]).toEqual(['inst_mine', '{"installation":"inst_mine"}\n']);
  });

  it('refuses a store without its objects, and writes nothing there', async () => {
    const mine = installation(keysOf(100));
    await expect(identifyStore(store, config, mine)).rejects.toThrow(
      /^OBJECT_STORE_DIRECTORY: 100 of 100 objects that the database knows are not in/,
    );
    expect([mine.bound(), await store.head(installationKey)]).toEqual([null, null]);
  });

  it('adopts the id of its store if the database comes from an older backup', async () => {
    const keys = keysOf(3);
    await fill(keys);
    await store.put(installationKey, Buffer.from('{"installation":"inst_upgraded"}'));
    const mine = installation(keys);
    await identifyStore(store, config, mine);
    expect([mine.bound(), await identityOf(store)]).toEqual(['inst_upgraded', '{"installation":"inst_upgraded"}']);
  });
});
