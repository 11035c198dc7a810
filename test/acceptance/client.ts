// The few HTTP calls that the suite makes; it knows nothing of the service but its documentation.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceUnderTest } from './service-under-test.ts';

export type Json = Record<string, unknown> & { id: string; status: string };
export type Answer = { status: number; headers: Headers; body: Json; bytes: Buffer };
/** `key`: null for a request without any. */
export type CallOptions = { body?: object | FormData | Blob; headers?: Record<string, string>; key?: string | null };

export class Client {
  readonly #service: ServiceUnderTest;
  readonly #called = new Set<string>();

  constructor(service: ServiceUnderTest) {
    this.#service = service;
  }

  async call(method: string, path: string, { body, headers = {}, key = this.#service.key }: CallOptions = {}): Promise<Answer> {
    const isJson = body !== undefined && !(body instanceof FormData || body instanceof Blob);
    const url = new URL(path, this.#service.url);
    // A signed link leads to the object store, which has no use for the key.
    const isService = url.origin === new URL(this.#service.url).origin;
    const authorization = isService && key !== null && { authorization: `Bearer ${key}` };
    const answer = await fetch(url, {
      method,
      headers: { ...authorization, ...(isJson && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: isJson ? JSON.stringify(body) : (body as FormData | Blob) }),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (isService && answer.status < 400) this.#called.add(`${method} ${url.pathname}`);
    const hasJson = answer.headers.get('content-type')?.includes('json') ?? false;
    return { status: answer.status, headers: answer.headers, bytes, body: (hasJson ? JSON.parse(bytes.toString()) : {}) as Json };
  }

  /** Operations of the document to which no request has had a response that succeeds. */
  async uncalledOperations(): Promise<string[]> {
    const paths = (await this.get('/openapi.json')).body['paths'] as Record<string, Record<string, { operationId: string }>>;
    const called = [...this.#called];
    const isCalled = (method: string, path: string) => {
      // A path with a word in place of an id is an operation of its own: /v1/training-jobs/check.
      const form = new RegExp(`^${method.toUpperCase()} ${path.replaceAll(/\{path\}/g, '.+').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
      return called.some((call) => form.test(call) && (path.includes('{') || call === `${method.toUpperCase()} ${path}`));
    };
    return Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { operationId }]) => (isCalled(method, path) ? [] : [operationId])),
    );
  }

  get = (path: string, options?: CallOptions) => this.call('GET', path, options);
  post = (path: string, body?: object | FormData, options: CallOptions = {}) =>
    this.call('POST', path, { ...options, ...(body && { body }) });

  async list<Row = Json>(path: string): Promise<Row[]> {
    const rows: Row[] = [];
    for (let next: string | null = ''; next !== null; ) {
      const { body }: Answer = await this.get(`${path}${path.includes('?') ? '&' : '?'}limit=2${next === '' ? '' : `&after=${next}`}`);
      rows.push(...(body['data'] as Row[]));
      next = body['next'] as string | null;
    }
    return rows;
  }

  async until(path: string, statuses: string[], patienceMs: number): Promise<Json> {
    for (const end = Date.now() + patienceMs; ; await sleep(250)) {
      const { body } = await this.get(path);
      if (statuses.includes(body.status)) return body;
      if (Date.now() > end) throw new Error(`${path} never became ${statuses.join(' or ')}: ${JSON.stringify(body)}`);
    }
  }

  /** The events of a job as its live stream sends them, to the stream's end. */
  async stream(jobId: string, lastEventId?: number): Promise<{ id?: string; event: string }[]> {
    const headers = { accept: 'text/event-stream', ...(lastEventId !== undefined && { 'last-event-id': String(lastEventId) }) };
    const { bytes } = await this.get(`/v1/training-jobs/${jobId}/events`, { headers });
    const messages = bytes
      .toString()
      .split('\n\n')
      .filter((message) => message.includes('event: '));
    return messages.map((message) => Object.fromEntries(message.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)))) as {
      id?: string;
      event: string;
    }[];
  }
}
