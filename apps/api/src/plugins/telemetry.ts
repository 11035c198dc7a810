// Traces, times and counts every request, and passes its id on to the work that it starts.
import { beginSpan, type Metrics, type OpenSpan, withOrigin } from '@styleforge/telemetry';
import type { FastifyRequest } from 'fastify';
import type { ApiServer } from '../http/api-server.ts';

/** Paths that are requested too often to be traced. */
const UNTRACED = ['/healthz', '/readyz', '/metrics'];

export function registerTelemetry(app: ApiServer, metrics: Metrics): void {
  const spans = new WeakMap<FastifyRequest, OpenSpan>();
  const originOf = (request: FastifyRequest) => {
    const traceparent = spans.get(request)?.traceparent;
    return { requestId: request.id, ...(traceparent && { traceparent }) };
  };

  app.addHook('onRequest', (request, _reply, done) => {
    if (!UNTRACED.includes(routeOf(request))) spans.set(request, beginRequestSpan(request));
    withOrigin(originOf(request), done);
  });
  // Restores the context of onRequest, which is lost when a body is read.
  app.addHook('preValidation', (request, _reply, done) => withOrigin(originOf(request), done));

  app.addHook('onResponse', async (request, reply) => {
    const labels = { method: request.method, route: routeOf(request), status: reply.statusCode };
    metrics.observe('styleforge_http_request_duration_seconds', labels, reply.elapsedTime / 1_000);
    const error = reply.statusCode >= 500 ? new Error(`responded with ${reply.statusCode}`) : undefined;
    spans.get(request)?.end({ attributes: { 'http.response.status_code': reply.statusCode }, error });
  });
}

/** The pattern, not the path: a metric must not have a label for every id. */
const routeOf = (request: FastifyRequest): string => request.routeOptions.url ?? 'unknown';

function beginRequestSpan(request: FastifyRequest): OpenSpan {
  const { traceparent } = request.headers;
  return beginSpan(`${request.method} ${routeOf(request)}`, {
    kind: 'SERVER',
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
    attributes: { 'http.request.method': request.method, 'http.route': routeOf(request), 'styleforge.request.id': request.id },
  });
}
