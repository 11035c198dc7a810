// Structured logs, one JSON object a line; each line knows the request and the trace that it belongs to.
import { type Logger, pino } from 'pino';
import { currentOrigin } from './origin.ts';

export type { Logger } from 'pino';

export interface LoggerOptions {
  name: string;
  level: string;
  /** Whether lines already carry the request's id by other means. */
  knowsRequest?: boolean;
}

export function createLogger({ name, level, knowsRequest = false }: LoggerOptions): Logger {
  return pino({
    name,
    level,
    redact: ['req.headers.authorization', 'req.headers.cookie'],
    mixin: () => {
      const { requestId, traceparent } = currentOrigin();
      return { ...(requestId && !knowsRequest && { requestId }), ...(traceparent && { traceId: traceparent.split('-')[1] }) };
    },
  });
}
