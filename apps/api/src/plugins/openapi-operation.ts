// Completes the documentation of a route: its scope, its headers, and the problem responses of hooks.
import { ERRORS } from '@styleforge/contracts';
import type { ErrorCode } from '@styleforge/contracts';
import type { FastifySchema, RouteOptions } from 'fastify';
import { z } from 'zod';
import { problemResponse } from '../http/problem-responses.ts';
import { scopeOf } from './authentication.ts';

type Responses = Record<string, { description?: string }>;
type Described = Omit<FastifySchema, 'response' | 'headers'> & { response?: Responses; headers?: z.ZodObject };

const PREFIX = '/v1/';

type Route = Pick<RouteOptions, 'method' | 'config'>;

/** Returns the path and schema for the document, without changing those of the route. */
export function describeRoute(routeSchema: FastifySchema, url: string, route: Route): { schema: FastifySchema; url: string } {
  if (routeSchema.hide) return { schema: routeSchema, url };
  if (!routeSchema.operationId) {
    const name = `${String(route.method)} ${url}`;
    throw new Error(`${name} has no operationId: add one to its schema, a verb and what it works on, such as createTrainingJob`);
  }
  return withNamedWildcard(completeOperation(routeSchema, url, route), url);
}

/** Adds the responses of hooks, and describes those of the route. */
function completeOperation(routeSchema: FastifySchema, url: string, { method, config = {} }: Route): FastifySchema {
  const schema = routeSchema as Described;
  const described = withDescriptions(schema.response ?? {});
  if (!url.startsWith(PREFIX)) return { ...schema, security: [], response: withProblems(described, ['headers_too_large']) };
  const verb = String(method);
  const headers = headersOf(schema, config.idempotent !== undefined && config.idempotent !== false);
  return {
    ...schema,
    security: [{ apiKey: [scopeOf(verb, config)] }, { session: [scopeOf(verb, config)] }],
    ...(Object.keys(headers).length > 0 && { headers: (schema.headers ?? z.object({})).extend(headers) }),
    response: withProblems(described, problemsOf(schema, verb, Boolean(config.idempotent))),
  };
}

/** The rest of a path has the router's name `*`, which no generated client can use: the document calls it `path`. */
function withNamedWildcard(schema: FastifySchema, url: string): { schema: FastifySchema; url: string } {
  if (!url.endsWith('/*')) return { schema, url };
  const { '*': path = z.string(), ...others } = (schema.params as z.ZodObject).shape;
  return { schema: { ...schema, params: z.object({ ...others, path }) }, url: `${url.slice(0, -1)}:path` };
}

const WHAT_HAPPENED: Record<string, string> = { 200: '', 201: 'Created: ', 202: 'Accepted: ' };

/** Describes each response by the name of its schema, if the schema has a name; the others are described at their declaration. */
function withDescriptions(responses: Responses): Responses {
  return Object.fromEntries(
    Object.entries(responses).map(([status, response]) => {
      if (!(response instanceof z.ZodType) || response instanceof z.ZodUndefined) return [status, response];
      const name = z.globalRegistry.get(response)?.id;
      const description = response.description ?? `${WHAT_HAPPENED[status] ?? ''}${name ? inWords(name) : 'the result'}`;
      return [status, { description: capitalized(description), content: { 'application/json': { schema: response } } }];
    }),
  ) as Responses;
}

/** `TrainingJobPage` is "a page of training jobs", `TrainingJob` is "the training job". */
function inWords(name: string): string {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll(/\bApi\b/g, 'API');
  const lower = words.replaceAll(/\b[A-Z](?=[a-z])/g, (letter) => letter.toLowerCase());
  return lower.endsWith(' page') ? `a page of ${plural(lower.slice(0, -' page'.length))}` : `the ${lower}`;
}

function plural(words: string): string {
  return words.endsWith('y') && !words.endsWith('key') ? `${words.slice(0, -1)}ies` : `${words}s`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function headersOf({ response = {} }: Described, idempotent: boolean): Record<string, z.ZodType> {
  return {
    ...(idempotent && {
      'idempotency-key': z
        .string()
        .min(1)
        .max(255)
        .optional()
        .describe('The first response is kept for 24 hours and repeated for every request with the same key and body'),
    }),
    ...('304' in response && { 'if-none-match': z.string().optional().describe('The ETag of the response that the caller has') }),
    ...('206' in response && {
      range: z
        .string()
        .optional()
        .meta({ description: 'One range of bytes', examples: ['bytes=0-1023'] }),
    }),
  };
}

function problemsOf({ querystring, body, params, headers }: Described, verb: string, idempotent: boolean): ErrorCode[] {
  return [
    'invalid_request',
    'not_acceptable',
    ...(params === undefined ? [] : ['not_found' as const]),
    ...(querystring || body || headers || idempotent ? ['validation_failed' as const] : []),
    ...(idempotent ? (['idempotency_in_progress', 'idempotency_key_reused'] as const) : []),
    ...(verb === 'GET' ? [] : (['payload_too_large', 'unsupported_media_type'] as const)),
  ];
}

function withProblems(responses: Responses, codes: ErrorCode[]): Responses {
  const all: Responses = { ...responses };
  for (const code of codes) {
    const { status } = ERRORS[code];
    const { description: known = '' } = all[status] ?? {};
    if (known.includes(`\`${code}\``)) continue;
    const { description, content } = problemResponse([code]);
    all[status] = { description: known === '' ? description : `${known}. ${description}`, content } as Responses[string];
  }
  return all;
}
