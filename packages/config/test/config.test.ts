// Checks defaults, error messages, and that a Config survives the environment of a child process.
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, describeConfiguration, environmentOf, loadConfig } from '@styleforge/config';

describe('loadConfig', () => {
  it('works without any setting: embedded database, queue in Postgres, plain files', () => {
    const config = loadConfig({});
    expect(config).toEqual({
      extractors: { cacheDirectory: resolve('.styleforge/extractors') },
      host: '127.0.0.1',
      hub: { endpoint: 'https://huggingface.co' },
      s3: { region: 'us-east-1', forcePathStyle: false },
      port: 3000,
      dataDirectory: resolve('.styleforge'),
      objectStore: { kind: 'files', directory: resolve('.styleforge/objects') },
      baseModelsDirectory: resolve('models'),
      worker: {
        device: 'cpu',
        devices: ['cpu'],
        trainingDevices: 1,
        graceSeconds: 25,
        generationModels: 2,
        generationModelsMB: 8192,
        gradientKernels: 'none',
      },
      rateLimit: { requests: 6000, seconds: 60 },
      eventStreamsPerKey: 100,
      uploadsPerKey: 4,
      uploadsAtOnce: 16,
      maxConnections: 5000,
      wrongKeysPerMinute: 100,
      trustedProxies: [],
      corsOrigins: [],
      flow: {
        maxQueuedJobsPerProject: 1000,
        generationBudgetPerProject: 100_000,
        evaluationBudgetPerProject: 5_000_000,
        webhooks: { allowedNetworks: [], timeoutSeconds: 15, disableAfterDays: 5 },
        sweep: expect.objectContaining({ everyMinutes: 60, dryRun: false, checkpointDays: 30 }) as object,
      },
      operations: { migrateOnStart: true, queueBoard: false, minFreeDiskMB: 256 },
      logLevel: 'info',
    });
  });

  it.each([
    [{ PORT: '-1.5' }, /^PORT: got "-1.5"; give a whole number from 0 to 65535$/],
    [{ GENERATION_MODELS: '0' }, /^GENERATION_MODELS: got "0"; give a whole number from 1 to 100$/],
    [{ RETENTION_CHECKPOINT_DAYS: 'ever' }, /^RETENTION_CHECKPOINT_DAYS: got "ever"; give a whole number of at least 0$/],
    [{ OTEL_TRACES_SAMPLER_ARG: '2' }, /^OTEL_TRACES_SAMPLER_ARG: got "2"; give a number from 0 to 1$/],
    [{ DATABASE_URL: 'mysql://localhost/x' }, /^DATABASE_URL: must be a URL starting with postgres:\/\//],
    [{ REDIS_URL: 'localhost:6379' }, /^REDIS_URL: /],
    [{ DATABASE_URL: 'postgres://user:p#s@host/db' }, /^DATABASE_URL: cannot be read as a URL; in a user name or password, write % as %25/],
    [{ DATABASE_URL: 'postgres://user:100%@host/db' }, /^DATABASE_URL: cannot be read as a URL/],
    [{ DATA_DIRECTORY: '~/data' }, /^DATA_DIRECTORY: begins with ~, which only a shell replaces; write the full path$/],
    [{ DATABASE_URL: '"postgres://host/db"', LOG_LEVEL: "'info'" }, /^DATABASE_URL: is in quotation marks.*\nLOG_LEVEL: is in/],
    [{ S3_BUCKET: 's3://bucket/prefix' }, /^S3_BUCKET: must be the name of the bucket alone; a prefix of its keys goes into S3_PREFIX/],
    [{ DEVICE: 'tpu' }, /^DEVICE: "tpu" is not a device: choose one of cpu, webgpu, cuda/],
    [{ DEVICE: 'cpu:1' }, /^DEVICE: "cpu:1" is not a device/],
    [{ DEVICE: 'cuda:x' }, /^DEVICE: "cuda:x" is not a device/],
    [{ DEVICE: 'cuda,cuda:0' }, /^DEVICE: cuda,cuda:0 names a device twice/],
    [{ DEVICE: 'cuda:0,webgpu' }, /^DEVICE: cuda:0,webgpu names devices of several kinds/],
    [{ DEVICE: 'cuda:0,cuda:1', TRAINING_DEVICES: '3' }, /^TRAINING_DEVICES: 3 is more than the 2 devices that DEVICE names/],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'secret' }, /^OTEL_EXPORTER_OTLP_HEADERS: must be name=value/],
    [{ WORKER_QUEUES: 'train:0' }, /^WORKER_QUEUES: "train:0" is not valid/],
    [{ WORKER_QUEUES: 'train:1,train:2' }, /^WORKER_QUEUES: "train:2"/],
    [{ CORS_ORIGINS: 'app.example.com' }, /^CORS_ORIGINS: must be origins such as/],
    [{ CORS_ORIGINS: 'https://app.example.com/page' }, /^CORS_ORIGINS: /],
    [{ S3_BUCKET: 'b', S3_ACCESS_KEY_ID: 'a' }, /^S3_SECRET_ACCESS_KEY: /],
    [{ S3_BUCKET: 'b', S3_DOWNLOADS: 'mail' }, /^S3_DOWNLOADS: /],
    [{ S3_BUCKET: 'b', OBJECT_STORE_DIRECTORY: '/data' }, /^OBJECT_STORE_DIRECTORY: /],
    [{ S3_BUCKET: 'b', S3_ENDPOINT: 'https://abc.r2.example.com/b' }, /^S3_ENDPOINT: contains the bucket b, .*remove the bucket/],
    [{ S3_BUCKET: 'b', S3_ENDPOINT: 'https://b.fra1.example.com' }, /^S3_ENDPOINT: contains the bucket b/],
    [{ S3_BUCKET: 'b', S3_PUBLIC_ENDPOINT: 'https://b.fra1.example.com/' }, /^S3_PUBLIC_ENDPOINT: contains the bucket b/],
    [{ DATABASE_URL: 'postgres://host/db?schema=style' }, /^DATABASE_URL: names a schema, .*a database of its own/],
  ])('names the variable in %o', (env, message) => {
    expect(() => loadConfig(env)).toThrow(ConfigError);
    expect(() => loadConfig(env)).toThrow(message);
  });

  it('names the value and the allowed range of every number', () => {
    const table = describeConfiguration().matchAll(/^\| `(\w+)` \|[^|]*\| (-?[\d.]+) (?:to ([\d.]+)|or more) \|/gm);
    const numbers = [...table].map(([, name = '', least, most]) => ({
      name,
      range: most ? `from ${least} to ${most}` : `of at least ${least}`,
    }));
    expect(numbers.length).toBeGreaterThan(20);
    for (const { name, range } of numbers) {
      expect(() => loadConfig({ [name]: 'abc' })).toThrow(new RegExp(`^${name}: got "abc"; give a (whole )?number ${range}$`));
    }
  });

  it('names every bad variable at once', () => {
    expect(() => loadConfig({ PORT: '-1', LOG_LEVEL: 'loud' })).toThrow(/PORT: [^]*LOG_LEVEL: /);
  });

  it('reads a mix of queues, one job at a time for a name without a number', () => {
    expect(loadConfig({ WORKER_QUEUES: 'train, generate:4' }).worker.queues).toEqual({ train: 1, generate: 4 });
  });

  it('reads several devices of one kind', () => {
    expect(loadConfig({ DEVICE: 'cuda:0, cuda:1' }).worker).toMatchObject({
      device: 'cuda',
      devices: ['cuda', 'cuda:1'],
      trainingDevices: 1,
    });
    expect(loadConfig({ DEVICE: 'cuda:2' }).worker).toMatchObject({ device: 'cuda', devices: ['cuda:2'] });
  });

  it('removes the blanks and line ends that a file of variables leaves around a value', () => {
    const config = loadConfig({ S3_BUCKET: 'bucket\r', DATABASE_URL: ' postgres://host/db\n', REDIS_URL: ' ' });
    expect(config).toMatchObject({ databaseUrl: 'postgres://host/db', objectStore: { bucket: 'bucket' } });
    expect(config.redisUrl).toBeUndefined();
  });

  it.each([
    { S3_BUCKET: 'minio', S3_ENDPOINT: 'http://minio.example.com:9000', S3_FORCE_PATH_STYLE: 'true' },
    { S3_BUCKET: 'b', S3_ENDPOINT: 'https://project.example.com/storage/v1/s3' },
    { DATABASE_URL: 'postgres://host/db?schema=public&sslmode=require' },
    { DATABASE_URL: 'postgresql:///db?host=/var/run/postgresql' },
    { DATABASE_URL: 'postgres://user:p%40ss@[::1]:5432/db' },
  ])('accepts %o', (env) => {
    expect(() => loadConfig(env)).not.toThrow();
  });

  it('treats an empty variable as not set', () => {
    expect(loadConfig({ REDIS_URL: '', S3_BUCKET: '' })).toEqual(loadConfig({}));
  });

  it.each([
    {},
    { RATE_LIMIT_REQUESTS: '0' },
    { RATE_LIMIT_REQUESTS: '10', RATE_LIMIT_SECONDS: '1' },
    { DATABASE_URL: 'postgres://u:p@localhost:5432/d', REDIS_URL: 'redis://localhost', PORT: '0', DEVICE: 'cuda', DATA_DIRECTORY: '/data' },
    {
      WORKER_QUEUES: 'generate:3,train',
      WORKER_GRACE_SECONDS: '0.5',
      TRAINING_THREADS: '2',
      GENERATION_THREADS: '1',
      GENERATION_MODELS: '5',
      GENERATION_MODELS_MB: '100',
    },
    { DEVICE: 'cuda:0, cuda:3', TRAINING_DEVICES: '2' },
    { MAX_QUEUED_JOBS_PER_PROJECT: '5', MAX_RUNNING_JOBS_PER_PROJECT: '2' },
    {
      S3_BUCKET: 'b',
      S3_ENDPOINT: 'http://localhost:9000',
      S3_FORCE_PATH_STYLE: 'true',
      S3_ACCESS_KEY_ID: 'a',
      S3_SECRET_ACCESS_KEY: 's',
      S3_PREFIX: 'p',
      S3_PUBLIC_ENDPOINT: 'https://files.example.com',
      S3_DOWNLOADS: 'stream',
    },
    {
      PUBLIC_URL: 'https://forge.example.com',
      WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8,::1/128',
      WEBHOOK_TIMEOUT_SECONDS: '2',
      WEBHOOK_DISABLE_AFTER_DAYS: '1',
    },
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%3Db, x=y=z',
      WORKER_PORT: '0',
      MIGRATE_ON_START: 'false',
    },
    {
      CORS_ORIGINS: 'https://app.example.com, http://localhost:5173',
      EVENT_STREAMS_PER_KEY: '3',
      RETENTION_CHECKPOINT_DAYS: '0',
      RETENTION_GENERATED_IMAGE_DAYS: '7',
      ORPHAN_GRACE_HOURS: '2',
      SWEEP_MINUTES: '5',
      SWEEP_DRY_RUN: 'true',
    },
  ])('survives a child process environment: %o', (env) => {
    const config = loadConfig(env);
    expect(loadConfig(environmentOf(config, { S3_BUCKET: 'stale', DATABASE_URL: 'stale' }))).toEqual(config);
  });
});
