// Missing objects in a store that does not belong to the database: every operation refuses to call them missing.
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStoreConfig } from '@styleforge/config';
import {
  checkObjectStore,
  createObjectStore,
  createObjectStoreProbe,
  identifyStore,
  installationKey,
  ObjectNotFoundError,
  type ObjectStore,
  observeObjectStore,
  ownObjectStore,
  StoreIdentityError,
} from '@styleforge/storage';
import { startFauxS3, type TestS3Server } from '@styleforge/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

const KEY = 'projects/p/generations/g/0.png';
let directory: string;
let s3: TestS3Server;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-own-'));
  s3 = await startFauxS3();
});
afterAll(async () => {
  await s3.stop();
  await rm(directory, { recursive: true, force: true });
});

/** The database's part in memory; the worker's tests use the real one. */
function memoryInstallation() {
  let row: { id: string; storeBoundAt: Date | null } = { id: 'inst_mine', storeBoundAt: null };
  let reads = 0;
  return {
    read: async () => {
      reads += 1;
      return row;
    },
    bindStore: async (id: string) => void (row = { id, storeBoundAt: new Date() }),
    sampleKeys: async () => [],
    alone: async <Result>(work: () => Promise<Result>) => work(),
    reads: () => reads,
  };
}

describe.each(['files', 's3'] as const)('with objects in %s', (kind) => {
  const configOf = (name: string): ObjectStoreConfig =>
    kind === 'files' ? { kind: 'files', directory: join(directory, name) } : { kind: 's3', ...s3.settings, prefix: name };
  let installation: ReturnType<typeof memoryInstallation>;
  let raw: ObjectStore;
  let store: ObjectStore;

  beforeEach(async () => {
    installation = memoryInstallation();
    raw = await createObjectStore(configOf('one'));
    await identifyStore(raw, configOf('one'), installation);
    store = observeObjectStore(ownObjectStore(raw, configOf('one'), installation), () => undefined);
    await store.put(KEY, Buffer.from('pixels'));
  });
  afterEach(async () => {
    await raw.deletePrefix('projects/');
    await raw.delete(installationKey);
  });

  /** The contents of the folder below the mount point, or of another bucket. */
  const lose = async () => {
    await raw.deletePrefix('projects/');
    await raw.delete(installationKey);
  };
  const listed = async () => {
    const keys: string[] = [];
    for await (const { key } of store.list('projects/')) keys.push(key);
    return keys;
  };
  const questions = {
    get: () => store.get(KEY),
    getStream: () => store.getStream(KEY),
    head: () => store.head(KEY),
    list: listed,
    move: () => store.move(KEY, 'projects/p/generations/g/1.png'),
    'the check of a worker': () => checkObjectStore(store),
    'the check of /readyz': () => createObjectStoreProbe(store)(),
  };

  it('reports a missing object while the store belongs to the database', async () => {
    expect(await listed()).toEqual([KEY]);
    await store.delete(KEY);
    for (const ask of [questions.get, questions.getStream, questions.move]) await expect(ask()).rejects.toThrow(ObjectNotFoundError);
    expect([await questions.head(), await listed()]).toEqual([null, []]);
    await questions['the check of a worker']();
    await questions['the check of /readyz']();
  });

  it.each(Object.entries(questions))('refuses %s in a store without the id', async (_, ask) => {
    await lose();
    await expect(ask()).rejects.toThrow(StoreIdentityError);
  });

  it("refuses in another installation's store, and works again as soon as its own is back", async () => {
    await lose();
    await raw.put(installationKey, Buffer.from('{"installation":"inst_other"}'));
    const asked = Array.from({ length: 20 }, () => store.head(KEY));
    for (const each of await Promise.allSettled(asked))
      expect(each).toMatchObject({ status: 'rejected', reason: { name: 'StoreIdentityError' } });
    await raw.put(installationKey, Buffer.from('{"installation":"inst_mine"}'));
    expect(await store.head(KEY)).toBeNull();
  });

  it('asks the database for its id once', async () => {
    const before = installation.reads();
    await store.delete(KEY);
    for (let time = 0; time < 5; time += 1) expect(await store.head(KEY)).toBeNull();
    expect(installation.reads() - before).toBeLessThanOrEqual(1);
  });
});

it('a file that was written below a mount point does not count as written', async () => {
  const [root, away] = [join(directory, 'mounted'), join(directory, 'away')];
  const config: ObjectStoreConfig = { kind: 'files', directory: root };
  const installation = memoryInstallation();
  const raw = await createObjectStore(config);
  await identifyStore(raw, config, installation);
  const store = ownObjectStore(raw, config, installation);
  await store.put(KEY, Buffer.from('first'));
  await rename(root, away);
  await expect(store.put(KEY, Buffer.from('second'))).rejects.toThrow(StoreIdentityError);
  await rm(root, { recursive: true });
  await cp(away, root, { recursive: true });
  expect(Buffer.from(await store.get(KEY)).toString()).toBe('first');
});
