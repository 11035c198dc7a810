// Settings for operators: status pages, migrations, disk space, traces.
import { z } from 'zod';

export const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');

/** Parses OpenTelemetry's own format: name=value pairs separated by commas. */
const headers = z.string().transform((text, context) => {
  const pairs = text.split(',').map((pair) => pair.trim().split(/=(.*)/s));
  if (pairs.every(([name, value]) => name && value !== undefined)) {
    return Object.fromEntries(pairs.map(([name = '', value = '']) => [name, decodeURIComponent(value)]));
  }
  context.addIssue({ code: 'custom', message: 'must be name=value pairs separated by commas' });
  return z.NEVER;
});

const endpoint = z
  .string()
  .refine((value) => /^https?:\/\//.test(value) && URL.canParse(value), 'must be a URL starting with http:// or https://');

export const operationsEnvironment = {
  WORKER_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65535)
    .optional()
    .describe('Port on which a worker serves `/healthz`, `/readyz` and `/metrics`; 0 = any free port. Default: the worker does not listen'),
  MIGRATE_ON_START: flag
    .default(true)
    .describe('Whether the API migrates the database to the newest schema when it starts. Set to `false` if a separate job does this'),
  QUEUE_BOARD: flag
    .default(false)
    .describe('Set to `true` to show the queues of all projects at `/admin/queues`, to API keys with the scope `admin`'),
  MIN_FREE_DISK_MB: z.coerce
    .number()
    .int()
    .min(0)
    .default(256)
    .describe(
      'Free disk space in MB, of `DATA_DIRECTORY` and of the folder of stored files. With less, `/readyz` reports ' +
        'not ready, and a worker whose job met a full disk waits',
    ),
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint
    .optional()
    .describe('Base URL of an OpenTelemetry collector (OTLP over HTTP). Default: no traces are sent'),
  OTEL_EXPORTER_OTLP_HEADERS: headers.optional().describe('HTTP headers for the collector, as `name=value` pairs separated by commas'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('Share of the requests and jobs that are traced, from 0 to 1'),
};

type OperationsEnvironment = z.infer<z.ZodObject<typeof operationsEnvironment>>;

export interface OperationsConfig {
  /** Port of a worker's status page. Absent: a worker does not listen. */
  workerPort?: number;
  migrateOnStart: boolean;
  /** Whether the API shows the queues of all projects to admins. */
  queueBoard: boolean;
  minFreeDiskMB: number;
  /** Collector of traces. Absent: nothing is traced. */
  tracing?: { endpoint: string; headers: Record<string, string>; sampleRatio: number };
}

export function operationsConfigOf(settings: OperationsEnvironment): OperationsConfig {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: address, OTEL_EXPORTER_OTLP_HEADERS: given = {}, OTEL_TRACES_SAMPLER_ARG: sampleRatio } = settings;
  return {
    ...(settings.WORKER_PORT !== undefined && { workerPort: settings.WORKER_PORT }),
    migrateOnStart: settings.MIGRATE_ON_START,
    queueBoard: settings.QUEUE_BOARD,
    minFreeDiskMB: settings.MIN_FREE_DISK_MB,
    ...(address && { tracing: { endpoint: address, headers: given, sampleRatio } }),
  };
}

export function operationsEnvironmentOf({
  workerPort,
  migrateOnStart,
  queueBoard,
  minFreeDiskMB,
  tracing,
}: OperationsConfig): Record<keyof typeof operationsEnvironment, string | undefined> {
  const pairs = Object.entries(tracing?.headers ?? {}).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return {
    WORKER_PORT: workerPort === undefined ? undefined : String(workerPort),
    MIGRATE_ON_START: String(migrateOnStart),
    QUEUE_BOARD: String(queueBoard),
    MIN_FREE_DISK_MB: String(minFreeDiskMB),
    OTEL_EXPORTER_OTLP_ENDPOINT: tracing?.endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: pairs.join(',') || undefined,
    OTEL_TRACES_SAMPLER_ARG: tracing && String(tracing.sampleRatio),
  };
}
