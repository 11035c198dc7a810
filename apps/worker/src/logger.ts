// Structured logs, one JSON object a line.
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export const createLogger = (level: string): Logger => pino({ name: 'worker', level });
