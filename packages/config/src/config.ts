// Turns environment variables into one typed, checked Config; the only reader of process.env.
import { resolve } from 'node:path';
import { z } from 'zod';
import { bucketName, databaseUrl, givenValues, shellFaults, url } from './as-written.ts';
import { allowedValuesOf, numberWanted } from './allowed-values.ts';
import { extractorEnvironment, extractorEnvironmentOf, type ExtractorSettings, extractorSettingsOf } from './extractor-settings.ts';
import { flag, type OperationsConfig, operationsConfigOf, operationsEnvironment, operationsEnvironmentOf } from './operations-settings.ts';
import { ConfigError } from './config-error.ts';
import { type ObjectStoreConfig, objectStoreOf, type S3Config, s3Of } from './store-config.ts';
import { type WorkerConfig, workerConfigOf, workerEnvironment, workerEnvironmentOf, workerProblem } from './worker-settings.ts';
import { type FlowConfig, flowConfigOf, flowEnvironment, flowEnvironmentOf, networks } from './flow-settings.ts';

const isOrigin = (text: string) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).origin === text;
const origins = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim().replace(/\/$/, '')))
  .refine(
    (list) => (list.length === 1 && list[0] === '*') || list.every(isOrigin),
    'must be origins such as https://app.example.com, separated by commas, or * alone for any',
  );

/** Schema of the environment. docs/configuration.md is generated from it: `npm run docs:configuration`. */
export const environmentSchema = z.object({
  HOST: z
    .string()
    .default('127.0.0.1')
    .describe(
      'Network address on which the API, and the status page of a worker, listen. `127.0.0.1` accepts connections ' +
        'from the same machine only; `0.0.0.0` from every machine that can reach it',
    ),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000).describe('Port of the API; 0 = any free port'),
  DATABASE_URL: databaseUrl
    .optional()
    .describe(
      'URL of Postgres 14 or newer. Default: `npm start` starts an embedded Postgres. API and workers that are ' +
        'started one by one require the URL. A pooler such as PgBouncer must keep a connection for each client ' +
        '(session mode), because locks and notifications belong to a connection',
    ),
  REDIS_URL: url('redis:', 'rediss:')
    .optional()
    .describe(
      'URL of Redis 7 or newer with `maxmemory-policy noeviction`, for the queue and the counts of the rate limit. ' +
        'Default: the queue is stored in Postgres, which is enough for a few machines',
    ),
  DATA_DIRECTORY: z
    .string()
    .default('.styleforge')
    .describe(
      'Folder for the embedded database, logs and the scratch files of running jobs. Must be writable, with disk ' +
        'space for the checkpoints of a job',
    ),
  OBJECT_STORE_DIRECTORY: z
    .string()
    .optional()
    .describe(
      'Folder for images and checkpoints, if `S3_BUCKET` is not set. API and workers must see the same folder. ' +
        'Default: `objects` in `DATA_DIRECTORY`',
    ),
  S3_BUCKET: bucketName.optional().describe('S3 bucket for images and checkpoints. Default: they are stored in `OBJECT_STORE_DIRECTORY`'),
  S3_REGION: z.string().default('us-east-1').describe('Region of the bucket. Stores outside AWS usually accept any name'),
  S3_ENDPOINT: url('http:', 'https:')
    .optional()
    .describe('URL of an S3-compatible store outside AWS, such as `http://minio:9000`. Default: AWS'),
  S3_FORCE_PATH_STYLE: flag
    .default(false)
    .describe(
      'Set to `true` if the store expects the bucket in the path of the URL instead of the host name, as most stores outside AWS do',
    ),
  S3_ACCESS_KEY_ID: z
    .string()
    .optional()
    .describe('Access key of the store. Default: the credentials of the machine, such as an instance role'),
  S3_SECRET_ACCESS_KEY: z.string().optional().describe('Secret of the access key. Required with `S3_ACCESS_KEY_ID`'),
  S3_PREFIX: z.string().optional().describe('Prefix of every key, so that several installations can share a bucket. Default: none'),
  S3_PUBLIC_ENDPOINT: url('http:', 'https:')
    .optional()
    .describe('URL at which callers reach the store, for links to files, if they cannot use `S3_ENDPOINT`. Default: `S3_ENDPOINT`'),
  S3_DOWNLOADS: z
    .enum(['redirect', 'stream'])
    .default('redirect')
    .describe(
      'How callers get files from S3: `redirect` sends them to the store with a link that works for an hour; ' +
        '`stream` sends the file through the API, for callers that cannot reach the store',
    ),
  BASE_MODELS_DIRECTORY: z
    .string()
    .default('models')
    .describe('Folder with one folder for each installed base model. API and workers each read their own'),
  HUB_URL: url('http:', 'https:')
    .default('https://huggingface.co')
    .describe('Model hub from which `npm run base-models` downloads `hf:OWNER/NAME`. Set it to use a mirror'),
  HUB_TOKEN: z.string().optional().describe('Access token, for repositories of the hub that require one'),
  ...workerEnvironment,
  ...extractorEnvironment,
  ...flowEnvironment,
  RATE_LIMIT_REQUESTS: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(6000)
    .describe(
      'Requests that an API key may make within `RATE_LIMIT_SECONDS`. Further ones are refused with 429 `rate_limited`; 0 = no limit',
    ),
  RATE_LIMIT_SECONDS: z.coerce
    .number()
    .int()
    .min(1)
    .max(86_400)
    .default(60)
    .describe('Seconds over which the requests of an API key are counted'),
  WRONG_KEYS_PER_MINUTE: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(100)
    .describe(
      'Requests with a wrong API key or session that one network address may make in a minute. Its further requests ' +
        'are refused without a check; 0 = no limit',
    ),
  TRUSTED_PROXIES: networks
    .optional()
    .describe(
      'Networks of the proxies in front of the API, such as `10.0.0.0/8,127.0.0.1/32`. From these, the API takes ' +
        "the caller's address from `X-Forwarded-For`. Default: the address of the connection",
    ),
  EVENT_STREAMS_PER_KEY: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(100)
    .describe(
      'Event streams that an API key may keep open at the same time, in each API process. Further ones are refused ' +
        'with 429 `too_many_event_streams`',
    ),
  UPLOADS_PER_KEY: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(4)
    .describe(
      'Uploads of images that an API key may run at the same time, in each API process. Further ones are refused ' +
        'with 429 `too_many_uploads`',
    ),
  UPLOADS_AT_ONCE: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(16)
    .describe('Uploads of images that an API process accepts at the same time, of all API keys together'),
  MAX_CONNECTIONS: z.coerce
    .number()
    .int()
    .min(10)
    .max(100_000)
    .default(5_000)
    .describe('Connections that an API process keeps open at the same time; it closes further ones immediately'),
  CORS_ORIGINS: origins
    .optional()
    .describe(
      'Web pages that may call the API from a browser, as origins such as ' +
        '`https://app.example.com,http://localhost:5173`, or `*` for any. Default: none but the dashboard, which the ' +
        'API serves itself',
    ),
  ...operationsEnvironment,
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Minimum severity of the log lines that are written. `silent` writes none'),
});

type Environment = z.infer<typeof environmentSchema>;

export interface Config {
  host: string;
  port: number;
  /** Address of Postgres. Absent: the embedded Postgres of packages/stack is started. */
  databaseUrl?: string;
  /** Address of Redis. Absent: the queue is stored in Postgres. */
  redisUrl?: string;
  dataDirectory: string;
  objectStore: ObjectStoreConfig;
  s3: S3Config;
  hub: { endpoint: string; token?: string };
  baseModelsDirectory: string;
  worker: WorkerConfig;
  extractors: ExtractorSettings;
  /** Limit of each API key; null for none. */
  rateLimit: { requests: number; seconds: number } | null;
  /** Limit for each network address; null for no limit. */
  wrongKeysPerMinute: number | null;
  /** Networks of the proxies whose X-Forwarded-For header is trusted, in CIDR notation. */
  trustedProxies: string[];
  /** Limit in each API process. */
  eventStreamsPerKey: number;
  uploadsPerKey: number;
  uploadsAtOnce: number;
  maxConnections: number;
  /** Origins whose pages may call the API from a browser; `*` for any. */
  corsOrigins: string[];
  flow: FlowConfig;
  operations: OperationsConfig;
  logLevel: Environment['LOG_LEVEL'];
}

export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = givenValues(env);
  const faults = shellFaults(Object.keys(environmentSchema.shape), given);
  if (faults.length > 0) throw new ConfigError(faults.join('\n'));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    throw new ConfigError(problemsOf(parsed.error, given).join('\n'));
  }
  const settings = parsed.data;
  const dataDirectory = resolve(settings.DATA_DIRECTORY);
  const extractors = extractorSettingsOf(settings, dataDirectory);
  if (typeof extractors === 'string') throw new ConfigError(extractors);
  const problem = workerProblem(settings);
  if (problem !== undefined) throw new ConfigError(problem);
  return {
    host: settings.HOST,
    port: settings.PORT,
    ...(settings.DATABASE_URL && { databaseUrl: settings.DATABASE_URL }),
    ...(settings.REDIS_URL && { redisUrl: settings.REDIS_URL }),
    dataDirectory,
    objectStore: objectStoreOf(settings, dataDirectory),
    s3: s3Of(settings),
    hub: { endpoint: settings.HUB_URL, ...(settings.HUB_TOKEN && { token: settings.HUB_TOKEN }) },
    baseModelsDirectory: resolve(settings.BASE_MODELS_DIRECTORY),
    worker: workerConfigOf(settings),
    extractors,
    rateLimit: settings.RATE_LIMIT_REQUESTS === 0 ? null : { requests: settings.RATE_LIMIT_REQUESTS, seconds: settings.RATE_LIMIT_SECONDS },
    wrongKeysPerMinute: settings.WRONG_KEYS_PER_MINUTE === 0 ? null : settings.WRONG_KEYS_PER_MINUTE,
    trustedProxies: settings.TRUSTED_PROXIES ?? [],
    eventStreamsPerKey: settings.EVENT_STREAMS_PER_KEY,
    uploadsPerKey: settings.UPLOADS_PER_KEY,
    uploadsAtOnce: settings.UPLOADS_AT_ONCE,
    maxConnections: settings.MAX_CONNECTIONS,
    corsOrigins: settings.CORS_ORIGINS ?? [],
    flow: flowConfigOf(settings),
    operations: operationsConfigOf(settings),
    logLevel: settings.LOG_LEVEL,
  };
}

function problemsOf({ issues }: z.ZodError, given: NodeJS.ProcessEnv): string[] {
  const allowed = allowedValuesOf(environmentSchema);
  const lines = issues.map(({ path, message }) => {
    const name = path.join('.');
    const wanted = numberWanted(allowed[name] ?? {});
    return `${name}: ${wanted === undefined ? message : `got ${JSON.stringify(given[name])}; give ${wanted}`}`;
  });
  // One invalid number may break several rules, but gets one line.
  return [...new Set(lines)];
}

/** The environment that makes a child process load the same Config, in addition to `env`. */
export function environmentOf(config: Config, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const store = config.objectStore;
  const s3 = store.kind === 's3' ? store : undefined;
  return {
    ...env,
    HOST: config.host,
    PORT: String(config.port),
    DATABASE_URL: config.databaseUrl,
    REDIS_URL: config.redisUrl,
    DATA_DIRECTORY: config.dataDirectory,
    OBJECT_STORE_DIRECTORY: store.kind === 'files' ? store.directory : undefined,
    S3_BUCKET: s3?.bucket,
    S3_REGION: config.s3.region,
    S3_ENDPOINT: config.s3.endpoint,
    S3_FORCE_PATH_STYLE: String(config.s3.forcePathStyle),
    S3_ACCESS_KEY_ID: config.s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: config.s3.secretAccessKey,
    S3_PREFIX: s3?.prefix,
    S3_PUBLIC_ENDPOINT: s3?.publicEndpoint,
    S3_DOWNLOADS: s3?.downloads,
    HUB_URL: config.hub.endpoint,
    HUB_TOKEN: config.hub.token,
    BASE_MODELS_DIRECTORY: config.baseModelsDirectory,
    ...workerEnvironmentOf(config.worker),
    ...extractorEnvironmentOf(config.extractors),
    RATE_LIMIT_REQUESTS: String(config.rateLimit?.requests ?? 0),
    RATE_LIMIT_SECONDS: config.rateLimit ? String(config.rateLimit.seconds) : undefined,
    WRONG_KEYS_PER_MINUTE: String(config.wrongKeysPerMinute ?? 0),
    TRUSTED_PROXIES: config.trustedProxies.join(',') || undefined,
    EVENT_STREAMS_PER_KEY: String(config.eventStreamsPerKey),
    UPLOADS_PER_KEY: String(config.uploadsPerKey),
    UPLOADS_AT_ONCE: String(config.uploadsAtOnce),
    MAX_CONNECTIONS: String(config.maxConnections),
    CORS_ORIGINS: config.corsOrigins.join(',') || undefined,
    ...flowEnvironmentOf(config.flow),
    ...operationsEnvironmentOf(config.operations),
    LOG_LEVEL: config.logLevel,
  };
}
