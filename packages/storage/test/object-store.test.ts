// One suite for every store: plain files, and S3 against an in-process server.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  checkpointPrefix, createObjectStore, datasetImageKey, downloadObject, generationImageKey, InvalidKeyError, InvalidRangeError, ObjectNotFoundError, type ObjectStore,
} from '@styleforge/storage';

let directory: string;
let s3: Awaited<ReturnType<typeof startFauxqs>>;
const stores: Record<string, ObjectStore> = {};
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const keysOf = async (store: ObjectStore, prefix: string) => (await listOf(store, prefix)).map(({ key }) => key);

async function listOf(store: ObjectStore, prefix: string): Promise<{ key: string; size: number }[]> {
  const found = [];
  for await (const object of store.list(prefix)) found.push(object);
  return found;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-storage-'));
  stores['files'] = createObjectStore({ kind: 'files', directory: join(directory, 'objects') });
  s3 = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
  s3.createBucket('styleforge');
  stores['s3'] = createObjectStore({
    kind: 's3', bucket: 'styleforge', region: 'us-east-1', endpoint: s3.address, forcePathStyle: true,
    accessKeyId: 'test', secretAccessKey: 'test', prefix: 'installation-1',
  });
});

afterAll(async () => {
  await s3.stop();
  await rm(directory, { recursive: true, force: true });
});

describe.each(['files', 's3'])('%s', (name) => {
  let store: ObjectStore;
  beforeAll(() => {
    store = stores[name] as ObjectStore;
  });

  it('gives back what was put, from bytes, a stream and a file', async () => {
    const bytes = randomBytes(100_000);
    const file = join(directory, 'source.bin');
    await writeFile(file, bytes);
    const bodies = { bytes, stream: Readable.from([bytes.subarray(0, 10), bytes.subarray(10)]), file: { file } };
    for (const [kind, body] of Object.entries(bodies)) {
      const key = `put/${kind}.bin`;
      expect(await store.put(key, body)).toEqual({ size: 100_000, sha256: sha256(bytes) });
      expect(sha256(await store.get(key))).toBe(sha256(bytes));
    }
  });

  it('carries an object of many parts', async () => {
    const chunks = Array.from({ length: 25 }, () => randomBytes(1 << 20));
    const written = await store.put('large/weights.safetensors', Readable.from(chunks));
    expect(written).toEqual({ size: 25 << 20, sha256: sha256(Buffer.concat(chunks)) });
    expect(await downloadObject(store, 'large/weights.safetensors', join(directory, 'copies', 'weights.safetensors'))).toEqual(written);
  });

  it('reads ranges and tells the whole size', async () => {
    await store.put('range.txt', Buffer.from('0123456789'));
    const read = async (range?: { start: number; end?: number }) => {
      const { body, size } = await store.getStream('range.txt', range);
      return [Buffer.concat(await body.toArray() as Buffer[]).toString(), size];
    };
    expect(await read()).toEqual(['0123456789', 10]);
    expect(await read({ start: 2, end: 4 })).toEqual(['234', 10]);
    expect(await read({ start: 7 })).toEqual(['789', 10]);
    expect(await read({ start: 8, end: 99 })).toEqual(['89', 10]);
    await expect(read({ start: 10 })).rejects.toThrow(InvalidRangeError);
  });

  it('knows size and content type', async () => {
    await store.put('one.png', Buffer.from('x'));
    await store.put('one.json', Buffer.from('{}'));
    expect(await store.head('one.png')).toEqual({ size: 1, contentType: 'image/png' });
    expect(await store.head('one.json')).toEqual({ size: 2, contentType: 'application/json' });
    expect(await store.head('none.png')).toBeNull();
  });

  it('keeps an empty object', async () => {
    expect(await store.put('empty', Buffer.alloc(0))).toEqual({ size: 0, sha256: sha256(Buffer.alloc(0)) });
    expect(await store.get('empty')).toHaveLength(0);
  });

  it('says which object is missing', async () => {
    await expect(store.get('missing/one')).rejects.toThrow(ObjectNotFoundError);
    await expect(store.getStream('missing/one')).rejects.toThrow(/missing\/one/);
    await store.delete('missing/one');
  });

  it('lists by prefix in the order of the keys, and deletes by prefix', async () => {
    for (const key of ['l/b', 'l/a/2', 'l/a-1', 'l/a/1', 'l/ab', 'lx']) await store.put(key, Buffer.from(key));
    expect(await keysOf(store, 'l/')).toEqual(['l/a-1', 'l/a/1', 'l/a/2', 'l/ab', 'l/b']);
    expect(await keysOf(store, 'l/a')).toEqual(['l/a-1', 'l/a/1', 'l/a/2', 'l/ab']);
    expect(await listOf(store, 'l/a/')).toEqual([{ key: 'l/a/1', size: 5 }, { key: 'l/a/2', size: 5 }]);
    await store.deletePrefix('l/a/');
    expect(await keysOf(store, 'l/')).toEqual(['l/a-1', 'l/ab', 'l/b']);
    await store.delete('lx');
    expect(await keysOf(store, 'lx')).toEqual([]);
    await expect(store.deletePrefix('')).rejects.toThrow(InvalidKeyError);
  });

  it('leaves the old object when a put breaks off', async () => {
    await store.put('kept', Buffer.from('before'));
    const broken = Readable.from((function* () {
      yield Buffer.from('half');
      throw new Error('the source broke');
    })());
    await expect(store.put('kept', broken)).rejects.toThrow('the source broke');
    expect(Buffer.from(await store.get('kept')).toString()).toBe('before');
    await expect(store.put('never', { file: join(directory, 'no-such-file') })).rejects.toThrow(/ENOENT/);
    expect(await store.head('never')).toBeNull();
  });

  it.each(['../outside', 'a/../../outside', '/etc/passwd', 'a//b', 'a/', '', '.hidden', 'a\\b', 'a\0b', 'a/%2e%2e/b', 'x'.repeat(300)])(
    'refuses the key %j', async (key) => {
      await expect(store.put(key, Buffer.from('x'))).rejects.toThrow(InvalidKeyError);
      await expect(store.get(key)).rejects.toThrow(InvalidKeyError);
      await expect(store.delete(key)).rejects.toThrow(InvalidKeyError);
    },
  );
});

it('the files store leaves no unfinished file behind', async () => {
  expect(await readdir(join(directory, 'objects', '.unfinished'))).toEqual([]);
});

it('an S3 link works without credentials', async () => {
  const store = stores['s3'] as ObjectStore;
  await store.put('linked.txt', Buffer.from('by link'));
  const answer = await fetch(await store.presignGet?.('linked.txt', 60) ?? '');
  expect(await answer.text()).toBe('by link');
});

it('the key layout keeps projects apart and attempts at a checkpoint too', () => {
  expect(datasetImageKey('p1', 'ds_1', 'img_1')).toBe('projects/p1/datasets/ds_1/img_1.png');
  expect(checkpointPrefix('p1', 'job_1', 40, 2)).toBe('projects/p1/training-jobs/job_1/checkpoints/00000040-2/');
  expect(generationImageKey('p1', 'gen_1', 3)).toBe('projects/p1/generations/gen_1/00000003.png');
});
