// Downloads over real HTTP: resumed, checked, shared by processes, with clear errors.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ChecksumError, downloadFile, DownloadError, fetchInto, type TransferProgress } from '@styleforge/weights';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

const content = randomBytes(300_000);
const sha256 = createHash('sha256').update(content).digest('hex');
let scratch: string;
let server: Server;
let address: string;
let requests: (string | undefined)[];
/** Responds to a request whose range starts at a byte. */
let answer: (start: number, response: ServerResponse) => void;

function whole(start: number, response: ServerResponse, end = content.length): void {
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': content.length - start,
    ...(start > 0 && { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
  });
  response.write(content.subarray(start, end), () => (end < content.length ? response.destroy() : response.end()));
}

beforeAll(async () => {
  server = createServer((request: IncomingMessage, response: ServerResponse) => {
    requests.push(request.headers.range);
    answer(Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0), response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/weights.bin`;
});
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-download-'));
  requests = [];
  answer = whole;
  return () => rm(scratch, { recursive: true, force: true });
});
afterAll(() => new Promise((done) => server.close(done)));

/** Compares bytes without toEqual, which would take seconds. */
async function expectContent(file: string): Promise<void> {
  expect((await readFile(file)).equals(content)).toBe(true);
}

const target = () => join(scratch, 'deep', 'weights.bin');

describe('a download', () => {
  it('runs once, reports progress, and leaves no other files', async () => {
    const seen: TransferProgress[] = [];
    await downloadFile({ url: address, sha256 }, target(), { onProgress: (progress) => seen.push(progress) });
    await downloadFile({ url: address, sha256: sha256.toUpperCase() }, target());
    await expectContent(target());
    expect(requests).toEqual([undefined]);
    expect(seen.at(-1)).toEqual({ file: 'weights.bin', receivedBytes: content.length, totalBytes: content.length });
    expect(await readdir(join(scratch, 'deep'))).toEqual(['weights.bin']);
  });

  it('repeats requests to a busy server, and gives up after five attempts in a row without data', async () => {
    let busy = 4;
    answer = (start, response) => (busy-- > 0 ? response.writeHead(503).end() : whole(start, response, busy === -1 ? 100_000 : undefined));
    await downloadFile({ url: address, sha256 }, target(), { backoffMs: 1 });
    await expectContent(target());
    expect(requests).toHaveLength(6);
    answer = (_, response) => response.writeHead(503).end();
    await expect(downloadFile({ url: address, sha256 }, join(scratch, 'other.bin'), { backoffMs: 1 })).rejects.toThrow(
      /responded with 503/,
    );
    expect(requests).toHaveLength(11);
  });

  it('continues where it was interrupted, in the same call and in a later process', async () => {
    answer = (start, response) => whole(start, response, Math.min(content.length, start + 110_000));
    await downloadFile({ url: address, sha256 }, target(), { backoffMs: 1 });
    await expectContent(target());
    const starts = requests.map((range) => Number(range?.slice(6, -1) ?? 0));
    expect(starts[0]).toBe(0);
    expect(starts.length).toBeGreaterThan(1);
    for (let i = 1; i < starts.length; i++) expect(starts[i]).toBeGreaterThan(starts[i - 1]);
    const other = join(scratch, 'other.bin');
    await writeFile(`${other}.part`, content.subarray(0, 1234));
    requests = [];
    answer = whole;
    await downloadFile({ url: address, sha256 }, other);
    expect(requests).toEqual(['bytes=1234-']);
    await expectContent(other);
  });

  it('starts again if the server cannot resume, and accepts a file that is already complete', async () => {
    await writeFile(join(scratch, 'a.part'), content.subarray(0, 5000));
    answer = (_, response) => whole(0, response);
    await downloadFile({ url: address, sha256 }, join(scratch, 'a'));
    await expectContent(join(scratch, 'a'));
    await writeFile(join(scratch, 'b.part'), content);
    answer = (_, response) => response.writeHead(416).end();
    await downloadFile({ url: address, sha256 }, join(scratch, 'b'));
    await expectContent(join(scratch, 'b'));
  });

  it('deletes content with another hash than the pinned one, even if it was damaged later', async () => {
    await expect(downloadFile({ url: address, sha256: 'a'.repeat(64) }, target())).rejects.toThrow(ChecksumError);
    expect(await readdir(join(scratch, 'deep'))).toEqual([]);
    await downloadFile({ url: address, sha256 }, target());
    await writeFile(target(), 'damaged');
    await downloadFile({ url: address, sha256 }, target());
    await expectContent(target());
  });

  it('reports what is wrong with the address', async () => {
    answer = (_, response) => response.writeHead(404, 'Not Found').end();
    await expect(downloadFile({ url: address, sha256 }, target())).rejects.toThrow(/weights\.bin responded with 404 Not Found/);
    await expect(downloadFile({ url: 'http://127.0.0.1:9/x', sha256 }, target(), { backoffMs: 1 })).rejects.toThrow(
      /127\.0\.0\.1:9\/x cannot be reached \(.+\); where there is a proxy/,
    );
    await expect(downloadFile({ url: 'http://127.0.0.1:9/x', sha256 }, target(), { backoffMs: 1 })).rejects.toThrow(DownloadError);
  });

  it('reports a proxy without a scheme', async () => {
    for (const name of ['HTTP_PROXY', 'http_proxy']) vi.stubEnv(name, 'proxy.example.com:3128');
    vi.resetModules();
    const { downloadFile: throughProxy } = await import('@styleforge/weights');
    await expect(throughProxy({ url: address, sha256 }, target(), { backoffMs: 1 })).rejects.toThrow(
      /HTTP_PROXY or HTTPS_PROXY is not a URL; write it with its scheme/,
    );
    expect(requests).toEqual([]);
    vi.unstubAllEnvs();
  });

  it('stops on request, and keeps the data received so far', async () => {
    const stop = new AbortController();
    answer = (start, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(start, 50_000));
    };
    const run = downloadFile({ url: address, sha256 }, target(), {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    });
    await expect(run).rejects.toThrow('enough');
    expect((await readFile(`${target()}.part`)).length).toBeGreaterThan(0);
    answer = whole;
    await downloadFile({ url: address, sha256 }, target());
    expect(requests[1]).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it('runs once for several processes', async () => {
    answer = (start, response) => void setTimeout(() => whole(start, response), 300);
    const script = join(scratch, 'download.ts');
    const source = fileURLToPath(new URL('../src/index.ts', import.meta.url));
    await writeFile(
      script,
      `import { downloadFile } from ${JSON.stringify(source)};\nconst [url, sha256, target] = ` +
        `process.argv.slice(2);\nvoid downloadFile({ url, sha256 }, target);\n`,
    );
    const run = () =>
      promisify(execFile)(process.execPath, ['--import', 'tsx', script, address, sha256, target()], {
        cwd: fileURLToPath(new URL('../../..', import.meta.url)),
      });
    await Promise.all([run(), run(), run()]);
    expect(requests).toEqual([undefined]);
    await expectContent(target());
  });
});

describe('a file without a pinned sha256', () => {
  it('is fetched again each time', async () => {
    let version = 'one';
    const send = () =>
      Promise.resolve({
        start: 0,
        body: (async function* () {
          yield Buffer.from(version);
        })(),
      });
    await fetchInto(target(), send);
    version = 'two';
    await fetchInto(target(), send);
    expect(await readFile(target(), 'utf8')).toBe('two');
  });
});
