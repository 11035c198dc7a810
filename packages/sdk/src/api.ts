// The typed calls under the resources: paths, parameters and bodies are checked against the OpenAPI document.
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

  /** Spread into a call to send it through the transport with the caller's options. */
  with(options?: RequestOptions): { fetch(request: Request): Promise<Response>; bodySerializer(content: unknown): string } {
    let body: string | undefined;
    return {
      // kept, because a page that is being closed has no time to read it from the request
      bodySerializer: (content) => (body = JSON.stringify(content)),
      fetch: async (request) => {
        const sending = { method: request.method, headers: request.headers, ...(body !== undefined && { body }) };
        return this.transport.send(request.url, sending, options);
      },
    };
  }
}

/** Returns the data of a response. The transport throws on every error, so only successes arrive here. */
export async function take<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}

/** Reads a route's HTML page instead of its JSON. */
export async function readPage({ transport }: Api, path: string, options?: RequestOptions): Promise<string> {
  const response = await transport.send(path, { method: 'GET', headers: { accept: 'text/html' } }, options);
  return response.text();
}
