// S3-compatible servers that differ from AWS, simulated by small servers: objects are stored and deleted anyway.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { checkObjectStore, createObjectStore, InvalidRangeError, type ObjectStore } from '@styleforge/storage';
import { expect, it, onTestFinished } from 'vitest';

type Refusal = { status: number; code: string; message?: string } | undefined;
type Quirk = (request: IncomingMessage, kind: 'put' | 'delete-many' | 'other', body: Buffer) => Refusal;

const listing = (keys: string[]) =>
  `<ListBucketResult><IsTruncated>false</IsTruncated>${keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join('')}</ListBucketResult>`;

async function startServer(quirk: Quirk) {
  const objects = new Map<string, Buffer>();
  const refused: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = Buffer.concat(await Readable.from(request).toArray());
      const url = new URL(request.url ?? '', 'http://s3');
      const key = decodeURIComponent(url.pathname.replace(/^\/b\//, ''));
      const deletesMany = request.method === 'POST' && url.searchParams.has('delete');
      const refusal = quirk(request, deletesMany ? 'delete-many' : request.method === 'PUT' ? 'put' : 'other', body);
      if (refusal !== undefined) {
        refused.push(`${request.method} ${request.url}`);
        response.writeHead(refusal.status).end(`<Error><Code>${refusal.code}</Code><Message>${refusal.message ?? 'no'}</Message></Error>`);
        return;
      }
      if (request.method === 'PUT') objects.set(key, body);
      if (request.method === 'DELETE') objects.delete(key);
      if (deletesMany) for (const [, gone = ''] of body.toString().matchAll(/<Key>(.*?)<\/Key>/g)) objects.delete(gone);
      const isList = url.searchParams.has('list-type');
      const content = isList ? listing([...objects.keys()]) : deletesMany ? '<DeleteResult/>' : (objects.get(key) ?? '');
      response.writeHead(200, { etag: '"x"' }).end(content);
    })();
  });
  return { store: await storeOf(server), objects, refused };
}

/** Starts the server until the end of the test, and returns its address. */
async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const settings = { kind: 's3', bucket: 'b', region: 'us-east-1', accessKeyId: 'a', secretAccessKey: 's' } as const;
const storeOf = async (server: Server): Promise<ObjectStore> =>
  createObjectStore({ ...settings, endpoint: await listen(server), forcePathStyle: true });

const hasChecksums = ({ headers }: IncomingMessage) =>
  Object.keys(headers).some((name) => /^x-amz-(checksum|sdk-checksum|trailer)/.test(name));
const quirks: [string, Quirk, number][] = [
  [
    'wants Content-MD5 for deletions',
    ({ headers }, kind, body) =>
      kind === 'delete-many' && headers['content-md5'] !== createHash('md5').update(body).digest('base64')
        ? { status: 400, code: 'MissingContentMD5' }
        : undefined,
    0,
  ],
  ['knows no checksum headers', (request) => (hasChecksums(request) ? { status: 501, code: 'NotImplemented' } : undefined), 1],
  [
    'names the checksum header in the message of a general error',
    ({ headers }) => {
      const header = Object.keys(headers).find((name) => name.startsWith('x-amz-checksum'));
      return header === undefined
        ? undefined
        : { status: 400, code: 'InvalidArgument', message: `Unsupported header '${header}' received for this API call.` };
    },
    1,
  ],
  ['cannot delete many', (_request, kind) => (kind === 'delete-many' ? { status: 501, code: 'NotImplemented' } : undefined), 2],
];

it.each(quirks)('works with a server that %s', async (_name, quirk, refusals) => {
  const { store, objects, refused } = await startServer(quirk);
  for (const key of ['a/1', 'a/2', 'a/3']) await store.put(key, Buffer.from(key));
  await store.put('a/stream', Readable.from([Buffer.from('from a '), Buffer.from('stream')]));
  expect(objects.get('a/2')?.toString()).toBe('a/2');
  expect(objects.get('a/stream')?.toString()).toBe('from a stream');
  expect(Buffer.from(await store.get('a/3')).toString()).toBe('a/3');
  await store.deletePrefix('a/');
  expect([...objects.keys()]).toEqual([]);
  // This is detected once, not at each request.
  expect(refused.length).toBeLessThanOrEqual(refusals);
});

it('a link takes any file on a server that compares the checksum in the link', async () => {
  const { store, objects } = await startServer(({ url = '' }, kind, body) => {
    const stated = new URL(url, 'http://s3').searchParams.get('x-amz-checksum-crc32');
    const actual = Buffer.alloc(4);
    actual.writeUInt32BE(crc32(body));
    return kind === 'put' && stated !== null && stated !== actual.toString('base64') ? { status: 400, code: 'BadDigest' } : undefined;
  });
  const link = (await store.presignPut?.('a/sent', 60)) ?? '';
  const response = await fetch(link, { method: 'PUT', body: 'from a browser' });
  expect([response.status, objects.get('a/sent')?.toString()]).toEqual([200, 'from a browser']);
});

it.each([
  ['http://no-such-host.invalid', false, /^S3_ENDPOINT: .*no host.*S3_FORCE_PATH_STYLE=true/],
  ['https', true, /^S3_ENDPOINT: .*http:\/\/ in place of https:\/\//],
])('%s: an address that cannot work is reported with the setting that helps', async (endpoint, forcePathStyle, message) => {
  const server = createServer((_request, response) => void response.end());
  const address = await listen(server);
  const found = endpoint === 'https' ? address.replace('http:', 'https:') : endpoint;
  await expect(checkObjectStore(await createObjectStore({ ...settings, endpoint: found, forcePathStyle }))).rejects.toThrow(message);
});

it('reports any other refusal', async () => {
  const { store } = await startServer((_request, kind) => (kind === 'put' ? { status: 403, code: 'AccessDenied' } : undefined));
  await expect(store.put('a/1', Buffer.from('x'))).rejects.toThrow(/AccessDenied|no/);
});

it('returns the requested bytes and lists every object, although a server ignores ranges and sends pages without a token', async () => {
  const whole = Buffer.from('0123456789');
  const keys = ['a/1', 'a/2', 'a/3'];
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://s3');
    if (!searchParams.has('list-type')) return void response.writeHead(200, { 'content-length': whole.length }).end(whole);
    const [key = '', ...more] = keys.filter((name) => name > (searchParams.get('start-after') ?? ''));
    const page = `<IsTruncated>${more.length > 0}</IsTruncated><Contents><Key>${key}</Key><Size>1</Size></Contents>`;
    response.writeHead(200).end(`<ListBucketResult>${page}</ListBucketResult>`);
  });
  const store = await storeOf(server);
  const read = async (range: { start: number; end?: number }) => {
    const { body, size } = await store.getStream('a/1', range);
    return [Buffer.concat((await body.toArray()) as Buffer[]).toString(), size];
  };
  expect([await read({ start: 3, end: 5 }), await read({ start: 8 })]).toEqual([
    ['345', 10],
    ['89', 10],
  ]);
  await expect(read({ start: 10 })).rejects.toThrow(InvalidRangeError);
  const listed: string[] = [];
  for await (const { key } of store.list('a/')) listed.push(key);
  expect(listed).toEqual(keys);
});
