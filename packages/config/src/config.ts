// Turns environment variables into one typed, checked Config; the only reader of process.env.
import { resolve } from 'node:path';
import { z } from 'zod';
import { extractorEnvironment, extractorEnvironmentOf, type ExtractorSettings, extractorSettingsOf } from './extractor-settings.ts';
import { type WorkerConfig, workerConfigOf, workerEnvironment, workerEnvironmentOf } from './worker-settings.ts';
import { type FlowConfig, flowConfigOf, flowEnvironment, flowEnvironmentOf } from './flow-settings.ts';

const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');

const url = (...protocols: string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), `must be a URL starting with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`);

const environmentSchema = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  DATABASE_URL: url('postgres:', 'postgresql:').optional(),
  REDIS_URL: url('redis:', 'rediss:').optional(),
  DATA_DIRECTORY: z.string().default('.styleforge'),
  OBJECT_STORE_DIRECTORY: z.string().optional(),
  S3_BUCKET: z.string().optional(),
  S3_REGION: z.string().default('us-east-1'),
  S3_ENDPOINT: url('http:', 'https:').optional(),
  S3_FORCE_PATH_STYLE: flag.default(false),
  S3_ACCESS_KEY_ID: z.string().optional(),
  S3_SECRET_ACCESS_KEY: z.string().optional(),
  S3_PREFIX: z.string().optional(),
  S3_PUBLIC_ENDPOINT: url('http:', 'https:').optional(),
  S3_DOWNLOADS: z.enum(['redirect', 'stream']).default('redirect'),
  BASE_MODELS_DIRECTORY: z.string().default('models'),
  ...workerEnvironment,
  ...extractorEnvironment,
  /** Requests that an API key may make within RATE_LIMIT_SECONDS; 0 for any number. */
  RATE_LIMIT_REQUESTS: z.coerce.number().int().min(0).max(1_000_000).default(6000),
  RATE_LIMIT_SECONDS: z.coerce.number().int().min(1).max(86_400).default(60),
  ...flowEnvironment,
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

type Environment = z.infer<typeof environmentSchema>;

export type ObjectStoreConfig =
  | { kind: 'files'; directory: string }
  | {
      kind: 's3';
      bucket: string;
      region: string;
      endpoint?: string;
      forcePathStyle: boolean;
      accessKeyId?: string;
      secretAccessKey?: string;
      prefix?: string;
      /** As callers reach the server, where that is another address than `endpoint`: signed links lead there. */
      publicEndpoint?: string;
      /** `redirect`: callers fetch files from the server by signed links; `stream`: through the API. */
      downloads?: 'redirect' | 'stream';
    };

export interface Config {
  host: string;
  port: number;
  /** Absent: the embedded Postgres of packages/stack is started. */
  databaseUrl?: string;
  /** Absent: the queue lives in Postgres. */
  redisUrl?: string;
  dataDirectory: string;
  objectStore: ObjectStoreConfig;
  baseModelsDirectory: string;
  worker: WorkerConfig;
  extractors: ExtractorSettings;
  /** For each API key; null for none. */
  rateLimit: { requests: number; seconds: number } | null;
  flow: FlowConfig;
  logLevel: Environment['LOG_LEVEL'];
}

/** A setting is missing or malformed; the message names every variable concerned. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const nonEmpty = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = environmentSchema.safeParse(nonEmpty);
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('\n'));
  }
  const settings = parsed.data;
  const dataDirectory = resolve(settings.DATA_DIRECTORY);
  const extractors = extractorSettingsOf(settings, dataDirectory);
  if (typeof extractors === 'string') throw new ConfigError(extractors);
  return {
    host: settings.HOST,
    port: settings.PORT,
    ...(settings.DATABASE_URL && { databaseUrl: settings.DATABASE_URL }),
    ...(settings.REDIS_URL && { redisUrl: settings.REDIS_URL }),
    dataDirectory,
    objectStore: objectStoreOf(settings, dataDirectory),
    baseModelsDirectory: resolve(settings.BASE_MODELS_DIRECTORY),
    worker: workerConfigOf(settings),
    extractors,
    rateLimit: settings.RATE_LIMIT_REQUESTS === 0 ? null : { requests: settings.RATE_LIMIT_REQUESTS, seconds: settings.RATE_LIMIT_SECONDS },
    flow: flowConfigOf(settings),
    logLevel: settings.LOG_LEVEL,
  };
}

function objectStoreOf(settings: Environment, dataDirectory: string): ObjectStoreConfig {
  if (!settings.S3_BUCKET) {
    return { kind: 'files', directory: resolve(settings.OBJECT_STORE_DIRECTORY ?? `${dataDirectory}/objects`) };
  }
  if (settings.OBJECT_STORE_DIRECTORY) {
    throw new ConfigError('OBJECT_STORE_DIRECTORY: cannot be combined with S3_BUCKET; set one of the two');
  }
  if ((settings.S3_ACCESS_KEY_ID === undefined) !== (settings.S3_SECRET_ACCESS_KEY === undefined)) {
    const missing = settings.S3_ACCESS_KEY_ID === undefined ? 'S3_ACCESS_KEY_ID' : 'S3_SECRET_ACCESS_KEY';
    throw new ConfigError(`${missing}: the access key has two halves; set both, or neither to use the ambient credentials`);
  }
  return {
    kind: 's3',
    bucket: settings.S3_BUCKET,
    region: settings.S3_REGION,
    forcePathStyle: settings.S3_FORCE_PATH_STYLE,
    ...(settings.S3_ENDPOINT && { endpoint: settings.S3_ENDPOINT }),
    ...(settings.S3_ACCESS_KEY_ID && { accessKeyId: settings.S3_ACCESS_KEY_ID }),
    ...(settings.S3_SECRET_ACCESS_KEY && { secretAccessKey: settings.S3_SECRET_ACCESS_KEY }),
    ...(settings.S3_PREFIX && { prefix: settings.S3_PREFIX }),
    ...(settings.S3_PUBLIC_ENDPOINT && { publicEndpoint: settings.S3_PUBLIC_ENDPOINT }),
    downloads: settings.S3_DOWNLOADS,
  };
}

/** The variables that make a child process load this very Config; on top of `env`. */
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
    S3_REGION: s3?.region,
    S3_ENDPOINT: s3?.endpoint,
    S3_FORCE_PATH_STYLE: s3 && String(s3.forcePathStyle),
    S3_ACCESS_KEY_ID: s3?.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3?.secretAccessKey,
    S3_PREFIX: s3?.prefix,
    S3_PUBLIC_ENDPOINT: s3?.publicEndpoint,
    S3_DOWNLOADS: s3?.downloads,
    BASE_MODELS_DIRECTORY: config.baseModelsDirectory,
    ...workerEnvironmentOf(config.worker),
    ...extractorEnvironmentOf(config.extractors),
    RATE_LIMIT_REQUESTS: String(config.rateLimit?.requests ?? 0),
    RATE_LIMIT_SECONDS: config.rateLimit ? String(config.rateLimit.seconds) : undefined,
    ...flowEnvironmentOf(config.flow),
    LOG_LEVEL: config.logLevel,
  };
}
