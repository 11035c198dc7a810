// Structured logs of a worker, one JSON object a line.
import { createLogger as create, type Logger } from '@styleforge/telemetry';

export type { Logger } from '@styleforge/telemetry';

export const createLogger = (level: string, onLine?: (line: string) => void): Logger =>
  create({ name: 'worker', level, ...(onLine && { onLine }) });
