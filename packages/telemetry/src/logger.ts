// Structured logs, one JSON object per line. Each line contains the ids of the request and the trace that it belongs to.
import { type DestinationStream, type Logger, pino } from 'pino';
import { currentOrigin } from './origin.ts';

export type { Logger } from 'pino';

export interface LoggerOptions {
  name: string;
  level: string;
  /** Whether lines already contain the request's id. */
  knowsRequest?: boolean;
  /** Called with each line when it is written. */
  onLine?(line: string): void;
}

/** Maximum number of bytes that wait while the disk is full. Later lines are lost. */
const WAITING_BYTES = 16 * 1024 * 1024;

/** Standard output for logs. If it cannot be written, the process continues and health checks still respond with the reason. */
function standardOutput(onLine?: (line: string) => void): DestinationStream {
  const output = pino.destination({ dest: process.stdout.fd, sync: true, maxLength: WAITING_BYTES });
  output.on('error', () => undefined);
  // No flushSync, which would wait for space without a limit: each line is written immediately.
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
