// Structured logs, one JSON object a line; each line knows the request and the trace that it belongs to.
import { type DestinationStream, type Logger, pino } from 'pino';
import { currentOrigin } from './origin.ts';

export type { Logger } from 'pino';

export interface LoggerOptions {
  name: string;
  level: string;
  /** Whether lines already carry the request's id by other means. */
  knowsRequest?: boolean;
  /** Called with each line as it is written. */
  onLine?(line: string): void;
}

/** What a full disk keeps waiting; later lines are lost. */
const WAITING_BYTES = 16 * 1024 * 1024;

/** A log that cannot be written ends nothing and holds up nothing: health checks still respond, and say what is wrong. */
function standardOutput(onLine?: (line: string) => void): DestinationStream {
  const output = pino.destination({ dest: process.stdout.fd, sync: true, maxLength: WAITING_BYTES });
  output.on('error', () => undefined);
  // No flushSync, which would wait without limit for space: each line is written at once.
  return {
    write(line) {
      output.write(line);
      onLine?.(line);
    },
  };
}

export function createLogger({ name, level, knowsRequest = false, onLine }: LoggerOptions): Logger {
  return pino(
    {
      name,
      level,
      redact: ['req.headers.authorization', 'req.headers.cookie'],
      mixin: () => {
        const { requestId, traceparent } = currentOrigin();
        return { ...(requestId && !knowsRequest && { requestId }), ...(traceparent && { traceId: traceparent.split('-')[1] }) };
      },
    },
    standardOutput(onLine),
  );
}
