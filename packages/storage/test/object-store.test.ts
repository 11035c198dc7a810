// One suite for every store: plain files, S3 on an in-process server, and a real S3 server if one is installed.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import dns from 'node:dns';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request as startRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CreateMultipartUploadCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  checkObjectStore,
  checkpointPrefix,
  createObjectStore,
  DamagedObjectError,
  datasetImageKey,
  downloadObject,
  generationImageKey,
  InvalidKeyError,
  InvalidRangeError,
  ObjectNotFoundError,
  type ObjectStore,
  ObjectStoreUnavailableError,
} from '@styleforge/storage';
import { typeScript } from '@styleforge/launch';
import { realS3Missing, s3Domain, startFauxS3, startRealS3, type TestS3Server, warnNotTested } from '@styleforge/testing';

const realS3 = 'a real S3 server';
const s3Servers: Record<string, () => Promise<TestS3Server>> = {
  'S3 in the process': startFauxS3,
  ...(realS3Missing === undefined && { [realS3]: startRealS3 }),
};

/** Label of a server with bucket names in the host name, and therefore in the signature. */
const addressedLikeAws = 'a real S3 server, the bucket in its name';

let directory: string;
const servers: Record<string, TestS3Server> = {};
const stores: Record<string, ObjectStore> = {};
const s3Store = (server: string, changes: Partial<S3Settings> = {}) =>
  createObjectStore({ kind: 's3', ...serverOf(server).settings, prefix: 'installation-1', ...changes });
type S3Settings = Extract<Parameters<typeof createObjectStore>[0], { kind: 's3' }>;

function serverOf(name: string): TestS3Server {
  const server = servers[name];
  if (!server) throw new Error(`${name} has not been started`);
  return server;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const keysOf = async (store: ObjectStore, prefix: string) => (await listOf(store, prefix)).map(({ key }) => key);

async function listOf(store: ObjectStore, prefix: string): Promise<{ key: string; size: number }[]> {
  const found = [];
  for await (const { key, size } of store.list(prefix)) found.push({ key, size });
  return found;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'styleforge-storage-'));
  stores['files'] = await createObjectStore({ kind: 'files', directory: join(directory, 'objects') });
  for (const [name, start] of Object.entries(s3Servers)) {
    servers[name] = await start();
    stores[name] = await s3Store(name);
  }
  if (realS3Missing !== undefined) return;
  const { port } = new URL(serverOf(realS3).settings.endpoint);
  resolveBucketNames();
  stores[addressedLikeAws] = await s3Store(realS3, {
    endpoint: `http://${s3Domain}:${port}`,
    forcePathStyle: false,
    prefix: 'installation-2',
  });
});

/** Resolves every name below the server's domain to this machine, as AWS's DNS resolves every bucket's name to S3. */
function resolveBucketNames(): void {
  const { lookup } = dns;
  const redirected = (host: string, ...rest: unknown[]) =>
    (lookup as (...args: unknown[]) => void)(host.endsWith(`.${s3Domain}`) ? '127.0.0.1' : host, ...rest);
  vi.spyOn(dns, 'lookup').mockImplementation(redirected as never);
}

afterAll(async () => {
  await Promise.all(Object.values(servers).map((server) => server.stop()));
  await rm(directory, { recursive: true, force: true });
});

/** Forwards every request unchanged, and shows it. */
async function startTap(target: string, show: (request: IncomingMessage) => void): Promise<{ url: string; server: Server }> {
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, response) => {
    show(incoming);
    const { method, url, headers } = incoming;
    incoming.pipe(
      startRequest({ hostname, port, method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

describe.each(['files', ...Object.keys(s3Servers), ...(realS3Missing === undefined ? [addressedLikeAws] : [])])('%s', (name) => {
  let store: ObjectStore;
  beforeAll(() => {
    store = stores[name] as ObjectStore;
  });

  it('returns what was put, from bytes, a stream and a file', async () => {
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

  it('stores an object of many parts', async () => {
    const chunks = Array.from({ length: 25 }, () => randomBytes(1 << 20));
    const written = await store.put('large/weights.safetensors', Readable.from(chunks));
    expect(written).toEqual({ size: 25 << 20, sha256: sha256(Buffer.concat(chunks)) });
    expect(await downloadObject(store, 'large/weights.safetensors', join(directory, 'copies', 'weights.safetensors'))).toEqual(written);
  });

  it('refuses bytes with another hash, and leaves no file', async () => {
    const { sha256: right } = await store.put('damage/good.bin', Buffer.from('as it was'));
    const file = join(directory, 'copies', 'good.bin');
    await downloadObject(store, 'damage/good.bin', file, right);
    await store.put('damage/good.bin', Buffer.from('as it is'));
    await expect(downloadObject(store, 'damage/good.bin', file, right)).rejects.toThrow(DamagedObjectError);
    expect(existsSync(file)).toBe(false);
  });

  it('can be checked before it is used', async () => {
    await checkObjectStore(store);
  });

  it('moves an object to another key', async () => {
    const bytes = randomBytes(100_000);
    await store.put('move/a b/from.png'.replace(' ', '+'), bytes);
    await store.put('move/taken.png', Buffer.from('before'));
    await store.move('move/a+b/from.png', 'move/taken.png');
    expect(sha256(await store.get('move/taken.png'))).toBe(sha256(bytes));
    expect(await store.head('move/taken.png')).toEqual({ size: 100_000, contentType: 'image/png' });
    expect(await store.head('move/a+b/from.png')).toBeNull();
    await expect(store.move('move/a+b/from.png', 'move/taken.png')).rejects.toThrow(ObjectNotFoundError);
    expect(sha256(await store.get('move/taken.png'))).toBe(sha256(bytes));
  });

  it('reads ranges and returns the size of the whole object', async () => {
    await store.put('range.txt', Buffer.from('0123456789'));
    const read = async (range?: { start: number; end?: number }) => {
      const { body, size } = await store.getStream('range.txt', range);
      return [Buffer.concat((await body.toArray()) as Buffer[]).toString(), size];
    };
    expect(await read()).toEqual(['0123456789', 10]);
    expect(await read({ start: 2, end: 4 })).toEqual(['234', 10]);
    expect(await read({ start: 7 })).toEqual(['789', 10]);
    expect(await read({ start: 8, end: 99 })).toEqual(['89', 10]);
    await expect(read({ start: 10 })).rejects.toThrow(InvalidRangeError);
  });

  it('returns size and content type', async () => {
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

  it('names a missing object', async () => {
    await expect(store.get('missing/one')).rejects.toThrow(ObjectNotFoundError);
    await expect(store.getStream('missing/one')).rejects.toThrow(/missing\/one/);
    await store.delete('missing/one');
  });

  it('lists by prefix, those below one folder together, and deletes by prefix', async () => {
    for (const key of ['l/b', 'l/a/2', 'l/a-1', 'l/a/1', 'l/ab', 'lx']) await store.put(key, Buffer.from(key));
    const listed = await keysOf(store, 'l/');
    expect(listed.toSorted()).toEqual(['l/a-1', 'l/a/1', 'l/a/2', 'l/ab', 'l/b']);
    expect(listed.indexOf('l/a/2') - listed.indexOf('l/a/1')).toBe(1);
    expect((await keysOf(store, 'l/a')).toSorted()).toEqual(['l/a-1', 'l/a/1', 'l/a/2', 'l/ab']);
    expect(await listOf(store, 'l/a/')).toEqual([
      { key: 'l/a/1', size: 5 },
      { key: 'l/a/2', size: 5 },
    ]);
    await store.deletePrefix('l/a/');
    expect((await keysOf(store, 'l/')).toSorted()).toEqual(['l/a-1', 'l/ab', 'l/b']);
    await store.delete('lx');
    expect(await keysOf(store, 'lx')).toEqual([]);
    await expect(store.deletePrefix('')).rejects.toThrow(InvalidKeyError);
  });

  it('keeps the old object if a put is interrupted', async () => {
    await store.put('kept', Buffer.from('before'));
    const broken = Readable.from(
      (function* () {
        yield Buffer.from('half');
        throw new Error('the source broke');
      })(),
    );
    await expect(store.put('kept', broken)).rejects.toThrow('the source broke');
    expect(Buffer.from(await store.get('kept')).toString()).toBe('before');
    await expect(store.put('never', { file: join(directory, 'no-such-file') })).rejects.toThrow(/ENOENT/);
    expect(await store.head('never')).toBeNull();
  });

  it.each(['../outside', 'a/../../outside', '/etc/passwd', 'a//b', 'a/', '', '.hidden', 'a\\b', 'a\0b', 'a/%2e%2e/b', 'x'.repeat(300)])(
    'refuses the key %j',
    async (key) => {
      await expect(store.put(key, Buffer.from('x'))).rejects.toThrow(InvalidKeyError);
      await expect(store.get(key)).rejects.toThrow(InvalidKeyError);
      await expect(store.delete(key)).rejects.toThrow(InvalidKeyError);
    },
  );
});

it('the files store leaves no unfinished file behind', async () => {
  expect(await readdir(join(directory, 'objects', '.unfinished'))).toEqual([]);
});

it('the files store reports why it could not write, and leaves nothing behind', async () => {
  const full = join(directory, 'full');
  // A process that may write at most 16 MiB to a file simulates a full disk.
  const limited = [
    '-c',
    'ulimit -f 32768; exec "$0" "$@"',
    process.execPath,
    ...typeScript(new URL('put-too-much.ts', import.meta.url)),
    full,
  ];
  expect((await promisify(execFile)('sh', limited)).stdout).toBe('EFBIG\n');
  expect(await readdir(join(full, '.unfinished'))).toEqual([]);
});

describe.each(Object.keys(s3Servers))('links and settings of %s', (name) => {
  it('a link works without credentials, with a range', async () => {
    const store = stores[name] as ObjectStore;
    await store.put('linked.txt', Buffer.from('by link'));
    const link = (await store.presignGet?.('linked.txt', 60)) ?? '';
    expect(await (await fetch(link)).text()).toBe('by link');
    expect(await (await fetch(link, { headers: { range: 'bytes=3-' } })).text()).toBe('link');
  });

  it('leads to the public address, and does not exist if downloads are streamed', async () => {
    const link = await (await s3Store(name, { publicEndpoint: 'https://files.example.com' })).presignGet?.('linked.txt', 60);
    expect(link).toMatch(/^https:\/\/files\.example\.com\/styleforge\/installation-1\/linked\.txt\?/);
    expect((await s3Store(name, { downloads: 'stream' })).presignGet).toBeUndefined();
  });

  it('gives the server the SHA-256 of every part to check', async () => {
    const sent: string[] = [];
    const tap = await startTap(serverOf(name).settings.endpoint, ({ method, url = '', headers }) => {
      if (method === 'PUT') sent.push(`${/partNumber=(\d+)/.exec(url)?.[1] ?? 'whole'} ${String(headers['x-amz-checksum-sha256'])}`);
    });
    const bytes = randomBytes((8 << 20) + 5);
    const store = await s3Store(name, { endpoint: tap.url });
    await store.put('checked/parts.bin', bytes);
    await store.put('checked/whole.bin', bytes.subarray(0, 9));
    expect(sha256(await store.get('checked/parts.bin'))).toBe(sha256(bytes));
    tap.server.close();
    const hashOf = (part: Uint8Array) => createHash('sha256').update(part).digest('base64');
    expect(sent.toSorted()).toEqual([
      `1 ${hashOf(bytes.subarray(0, 8 << 20))}`,
      `2 ${hashOf(bytes.subarray(8 << 20))}`,
      `whole ${hashOf(bytes.subarray(0, 9))}`,
    ]);
  });

  it('reports a missing bucket', async () => {
    const store = await s3Store(name, { bucket: 'no-such-bucket' });
    await expect(checkObjectStore(store)).rejects.toThrow(/^S3_BUCKET: there is no such bucket/);
    await expect(store.put('x', Buffer.from('x'))).rejects.toThrow(ObjectStoreUnavailableError);
  });
});

describe.skipIf(warnNotTested(realS3, realS3Missing))(realS3, () => {
  it('a link contains name and type', async () => {
    const link =
      (await (stores[realS3] as ObjectStore).presignGet?.('linked.txt', 60, { fileName: 'mine.txt', contentType: 'text/x-mine' })) ?? '';
    const { headers } = await fetch(link);
    expect([headers.get('content-disposition'), headers.get('content-type')]).toEqual(['inline; filename="mine.txt"', 'text/x-mine']);
  });

  it('a changed or expired link is refused', async () => {
    const store = stores[realS3] as ObjectStore;
    await store.put('one.txt', Buffer.from('one'));
    await store.put('other.txt', Buffer.from('other'));
    const link = (await store.presignGet?.('one.txt', 1)) ?? '';
    expect((await fetch(link.replace('one.txt', 'other.txt'))).status).toBe(403);
    while ((await fetch(link)).status === 200) await sleep(200);
    expect((await fetch(link)).status).toBe(403);
  });

  it('reports refused credentials, whichever half is wrong', async () => {
    for (const changes of [{ secretAccessKey: 'wrong-secret' }, { accessKeyId: 'wrong-access' }]) {
      await expect(checkObjectStore(await s3Store(realS3, changes))).rejects.toThrow(
        /^S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY: the S3 server refuses them/,
      );
    }
  });

  it('removes the parts of old unfinished puts', async () => {
    const { bucket, endpoint, ...rest } = serverOf(realS3).settings;
    const client = new S3Client({ endpoint, region: rest.region, forcePathStyle: true, credentials: rest });
    const start = await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: 'installation-1/never-finished' }));
    await client.send(
      new UploadPartCommand({
        Bucket: bucket,
        Key: 'installation-1/never-finished',
        UploadId: start.UploadId,
        PartNumber: 1,
        Body: randomBytes(100),
      }),
    );
    const store = stores[realS3] as ObjectStore;
    expect(await store.removeUnfinished?.(3_600_000)).toBe(0);
    // A server may count in whole seconds.
    await sleep(1_100);
    expect(await store.removeUnfinished?.(0)).toBe(1);
    expect(await store.removeUnfinished?.(0)).toBe(0);
    client.destroy();
  });

  it('a link with the bucket in its host name works, for its object only', async () => {
    const store = stores[addressedLikeAws] as ObjectStore;
    await store.put('linked.txt', Buffer.from('by name'));
    const link = (await store.presignGet?.('linked.txt', 60)) ?? '';
    expect(link).toMatch(/^http:\/\/styleforge\.s3\.styleforge\.test:\d+\/installation-2\/linked\.txt\?/);
    expect(await (await fetch(link)).text()).toBe('by name');
    expect((await fetch(link.replace('linked.txt', 'other.txt'))).status).toBe(403);
  });
});

it("asks AWS under the bucket's name and its region, over TLS, if no endpoint is set", async () => {
  const settings = {
    kind: 's3',
    bucket: 'styles',
    region: 'eu-central-1',
    forcePathStyle: false,
    accessKeyId: 'a',
    secretAccessKey: 's',
  } as const;
  expect(await (await createObjectStore(settings)).presignGet?.('x.txt', 60)).toMatch(
    /^https:\/\/styles\.s3\.eu-central-1\.amazonaws\.com\/x\.txt\?.*X-Amz-Credential=a%2F\d{8}%2Feu-central-1%2Fs3%2Faws4_request/,
  );
  expect(await (await createObjectStore({ ...settings, region: 'cn-north-1' })).presignGet?.('x.txt', 60)).toMatch(
    /^https:\/\/styles\.s3\.cn-north-1\.amazonaws\.com\.cn\/x\.txt\?/,
  );
});

it('reports an unreachable S3 server', async () => {
  const store = await createObjectStore({
    kind: 's3',
    bucket: 'b',
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:1',
    forcePathStyle: true,
    accessKeyId: 'a',
    secretAccessKey: 's',
  });
  await expect(checkObjectStore(store)).rejects.toThrow(/^S3_ENDPOINT: the S3 server cannot be reached/);
});

it('the key layout separates projects, and attempts at a checkpoint', () => {
  expect(datasetImageKey('p1', 'ds_1', 'img_1')).toBe('projects/p1/datasets/ds_1/img_1.png');
  expect(checkpointPrefix('p1', 'job_1', 40, 2)).toBe('projects/p1/training-jobs/job_1/checkpoints/00000040-2/');
  expect(generationImageKey('p1', 'gen_1', 3)).toBe('projects/p1/generations/gen_1/00000003.png');
});
