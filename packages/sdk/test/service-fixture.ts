// The real API on a real database, behind a proxy that can break connections.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as forward } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startApi } from '@styleforge/api';
import type { Database } from '@styleforge/database';
import { StyleForge } from '@styleforge/sdk';
import type { ClientOptions } from '@styleforge/sdk';
import { FileObjectStore } from '@styleforge/storage';
import { startTestDatabase, writeBaseModelConfigs } from '@styleforge/testing';

/** Fault of the next request: it never reaches the service, its response is lost, or its response is interrupted after some bytes. */
export type Fault =
  | { answer: number; headers?: Record<string, string>; body?: string }
  | 'refuse'
  | 'lose the answer'
  | { cutAfter: number }
  | 'never answer';

export interface SdkFixture {
  database: Database;
  projectId: string;
  apiKey: string;
  /** A client behind the proxy. */
  client(options?: ClientOptions): StyleForge;
  faults: Fault[];
  /** The requests that the proxy has seen. */
  seen: { method: string; url: string; headers: IncomingMessage['headers'] }[];
  directory: string;
  close(): Promise<void>;
}

export async function startSdkFixture(): Promise<SdkFixture> {
  const { database, close: closeDatabase } = await startTestDatabase();
  const directory = await mkdtemp(path.join(tmpdir(), 'styleforge-sdk-'));
  const baseModelsDirectory = path.join(directory, 'models');
  await writeBaseModelConfigs(path.join(baseModelsDirectory, 'tiny'));
  const objectStore = new FileObjectStore(path.join(directory, 'objects'));
  const api = await startApi({ database, objectStore, baseModelsDirectory, logLevel: 'silent', host: '127.0.0.1', port: 0 });
  const { projectId } = await database.apiKeys.createProject('test');
  const { key: apiKey } = await database.apiKeys.create(projectId, 'test', ['read', 'write', 'admin']);
  const faults: Fault[] = [];
  const seen: SdkFixture['seen'] = [];
  const proxy = createServer((request, response) => {
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    pass(new URL(api.url), faults.shift(), request, response);
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  const baseUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return {
    database,
    projectId,
    apiKey,
    faults,
    seen,
    directory,
    client: (options) => new StyleForge({ apiKey, baseUrl, ...options }),
    async close() {
      proxy.closeAllConnections();
      proxy.close();
      await api.close();
      await closeDatabase();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function pass(target: URL, fault: Fault | undefined, request: IncomingMessage, response: ServerResponse): void {
  if (fault === 'never answer') return;
  if (fault === 'refuse') return void request.socket.destroy();
  if (typeof fault === 'object' && 'answer' in fault) {
    request.resume();
    return void request.once('end', () => response.writeHead(fault.answer, fault.headers).end(fault.body));
  }
  const { method, url, headers } = request;
  const onwards = forward({ host: target.hostname, port: target.port, method, path: url, headers }, (answer) => {
    if (fault === 'lose the answer') {
      answer.resume();
      return void answer.once('end', () => request.socket.destroy());
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    if (fault === undefined) return void answer.pipe(response);
    let left = fault.cutAfter;
    answer.on('data', (chunk: Buffer) => {
      response.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) setImmediate(() => request.socket.destroy());
    });
  });
  onwards.on('error', () => request.socket.destroy());
  response.on('close', () => onwards.destroy());
  request.pipe(onwards);
}
