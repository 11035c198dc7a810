// A local model hub with the protocol of the public one, which can simulate network failures.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256OfFile } from '@styleforge/weights';

export interface FakeHub {
  readonly url: string;
  readonly commit: string;
  /** Number of file bytes sent. */
  sent: number;
  /** Number of bytes of a file after which the next connections break. */
  breaks: number[];
  /** HTTP statuses of the next responses to file requests. */
  refusals: number[];
  /** Whether the first byte of every file is changed, so that it does not match the listing. */
  corrupt: boolean;
  /** Whether ranges are supported; some mirrors ignore them. */
  knowsRanges: boolean;
  stop(): Promise<void>;
}

const LARGE = 10_000;
const PAGE = 4;

async function listing(directory: string): Promise<object[]> {
  const entries = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  return Promise.all(
    entries.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      const { size } = await stat(path);
      const shown = { type: 'file', path: relative(directory, path).split(sep).join('/'), size };
      if (size > LARGE) return { ...shown, oid: 'a'.repeat(40), lfs: { oid: await sha256OfFile(path), size } };
      return {
        ...shown,
        oid: createHash('sha1')
          .update(`blob ${size}\0`)
          .update(await readFile(path))
          .digest('hex'),
      };
    }),
  );
}

/** Serves `directory` as the repository `name`; with `token`, only to requests that send it. */
export async function startFakeHub(directory: string, name: string, { token }: { token?: string } = {}): Promise<FakeHub> {
  const files = await listing(directory);
  const hub = {
    commit: 'c0ffee'.padEnd(40, '0'),
    sent: 0,
    breaks: [] as number[],
    refusals: [] as number[],
    corrupt: false,
    knowsRanges: true,
  };
  const json = (response: ServerResponse, body: unknown, headers: Record<string, string> = {}): void =>
    void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

  async function sendFile(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const refusal = hub.refusals.shift();
    if (refusal !== undefined) return void response.writeHead(refusal).end();
    const { size } = await stat(path);
    const start = hub.knowsRanges ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
    if (start >= size) return void response.writeHead(416).end();
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': size - start,
      ...(start > 0 && { 'content-range': `bytes ${start}-${size - 1}/${size}` }),
    });
    await pipeline(bytesOf(path, start, hub.breaks.shift() ?? Infinity), response);
  }

  async function* bytesOf(path: string, start: number, breakAfter: number): AsyncGenerator<Uint8Array> {
    let [left, isFirst] = [breakAfter, start === 0];
    for await (const chunk of createReadStream(path, { start }) as AsyncIterable<Buffer>) {
      const part = chunk.subarray(0, Math.min(left, chunk.length));
      if (isFirst && hub.corrupt) part[0]! ^= 1;
      isFirst = false;
      hub.sent += part.length;
      left -= part.length;
      yield part;
      if (left > 0) continue;
      // Sends all written data before the connection breaks.
      await sleep(20);
      throw new Error('the connection breaks, as it was told to');
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://hub');
    const path = decodeURIComponent(url.pathname);
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    // Server of the file contents, on another host that requires no token.
    if (path.startsWith('/cdn/')) return sendFile(request, response, join(directory, path.slice('/cdn/'.length)));
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) return void response.writeHead(401).end();
    if ([`/api/models/${name}/revision/main`, `/api/models/${name}/revision/${hub.commit}`].includes(path))
      return json(response, { sha: hub.commit });
    if (path === `/api/models/${name}/tree/${hub.commit}`) {
      const from = Number(url.searchParams.get('cursor') ?? 0);
      const next = `<${base}${path}?recursive=true&cursor=${from + PAGE}>; rel="next"`;
      return json(response, files.slice(from, from + PAGE), from + PAGE < files.length ? { link: next } : {});
    }
    const resolve = `/${name}/resolve/${hub.commit}/`;
    if (path.startsWith(resolve)) return void response.writeHead(302, { location: `${base}/cdn/${path.slice(resolve.length)}` }).end();
    response.writeHead(404).end();
  }

  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return Object.assign(hub, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise<void>((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  });
}
