// The typed calls that the resources are made of: every path, parameter and body is checked against the OpenAPI document.
import createClient from 'openapi-fetch';
import type { Client } from 'openapi-fetch';
import type { paths } from './generated/openapi.ts';
import type { RequestOptions } from './options.ts';
import { Transport } from './transport.ts';
import type { TransportSettings } from './transport.ts';

export class Api {
  readonly http: Client<paths>;
  readonly transport: Transport;

  constructor(settings: TransportSettings) {
    this.transport = new Transport(settings);
    this.http = createClient<paths>({ baseUrl: settings.baseUrl });
  }

  /** Spread into a call: sends it by the transport with the caller's options. */
  with(options?: RequestOptions): { fetch(request: Request): Promise<Response> } {
    return {
      fetch: async (request) => {
        const body = request.body === null ? undefined : await request.text();
        const sending = { method: request.method, headers: request.headers, ...(body !== undefined && { body }) };
        return this.transport.send(request.url, sending, options);
      },
    };
  }
}

/** The transport throws on every error, so that what arrives here is a success. */
export async function take<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}

/** A route that sends JSON or, when asked, one HTML page: the page. */
export async function readPage({ transport }: Api, path: string, options?: RequestOptions): Promise<string> {
  const response = await transport.send(path, { method: 'GET', headers: { accept: 'text/html' } }, options);
  return response.text();
}
