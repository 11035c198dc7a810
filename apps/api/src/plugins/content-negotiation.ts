// Refuses requests that accept none of the route's formats; it must run before the route does anything.
import type { RouteOptions } from 'fastify';
import { ApiError } from '../errors/api-error.ts';
import type { ApiServer } from '../http/api-server.ts';
import { preferredFormat } from '../http/preferred-format.ts';

const JSON_TYPE = 'application/json';
/** Content type of downloads, whose files have any type. */
const ANY_FILE = 'application/octet-stream';

type Responses = Record<string, { content?: Record<string, unknown> }>;

export function registerContentNegotiation(app: ApiServer): void {
  const formats = new Map<string, string[]>();
  app.addHook('onRoute', ({ method, url, schema }) => {
    for (const name of [method].flat()) formats.set(`${name} ${url}`, formatsOf(schema));
  });
  app.addHook('onRequest', async (request) => {
    const { method, url } = request.routeOptions;
    const offered = formats.get(`${String(method)} ${url}`);
    if (offered === undefined || request.headers.accept === undefined || offered.includes(ANY_FILE)) return;
    if (preferredFormat(request, offered) === undefined) {
      throw new ApiError('not_acceptable', `This route responds with ${offered.join(' or ')}.`);
    }
  });
}

function formatsOf(schema: RouteOptions['schema']): string[] {
  const responses = Object.entries((schema?.response ?? {}) as Responses).filter(([status]) => status.startsWith('2'));
  const named = responses.flatMap(([, { content }]) => Object.keys(content ?? {}));
  return named.length > 0 ? [...new Set(named)] : [JSON_TYPE];
}
