// Adds to the description of a route what every route like it has: its scope, its headers, the problems that hooks answer with.
import { ERRORS } from '@styleforge/contracts';
import type { ErrorCode } from '@styleforge/contracts';
import type { FastifySchema, RouteOptions } from 'fastify';
import { z } from 'zod';
import { problemResponse } from '../http/problem-responses.ts';
import { scopeOf } from './authentication.ts';

type Responses = Record<string, { description?: string }>;
type Described = Omit<FastifySchema, 'response' | 'headers'> & { response?: Responses; headers?: z.ZodObject };

const PREFIX = '/v1/';

/** `schema` stays as it is: these are answers of hooks, not of the route. */
export function completeOperation(
  routeSchema: FastifySchema,
  url: string,
  { method, config = {} }: Pick<RouteOptions, 'method' | 'config'>,
): FastifySchema {
  if (!url.startsWith(PREFIX)) return routeSchema;
  const schema = routeSchema as Described;
  const verb = String(method);
  const headers = headersOf(schema, config.idempotent !== undefined && config.idempotent !== false);
  return {
    ...schema,
    operationId: operationIdOf(verb, url),
    security: [{ apiKey: [scopeOf(verb, config)] }, { session: [scopeOf(verb, config)] }],
    ...(Object.keys(headers).length > 0 && { headers: (schema.headers ?? z.object({})).extend(headers) }),
    response: withProblems(schema.response ?? {}, problemsOf(schema, verb, Boolean(config.idempotent))),
  };
}

function headersOf({ response = {} }: Described, idempotent: boolean): Record<string, z.ZodType> {
  return {
    ...(idempotent && {
      'idempotency-key': z
        .string()
        .min(1)
        .max(255)
        .optional()
        .describe('The first answer is kept for 24 hours and given to every repetition with the same key and body'),
    }),
    ...('304' in response && { 'if-none-match': z.string().optional().describe('The ETag of the answer that the caller has') }),
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

/** `POST /v1/training-jobs/:id/cancel` is postTrainingJobsIdCancel. */
function operationIdOf(verb: string, url: string): string {
  const words = url
    .slice(PREFIX.length)
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  return verb.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
