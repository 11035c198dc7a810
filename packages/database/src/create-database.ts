// The Prisma client on one connection pool, and the repositories over it.
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/client.ts';
import { exclusively } from './exclusive.ts';
import { KeyCache } from './key-cache.ts';
import { listen } from './listen.ts';
import type { Listener } from './listen.ts';
import { Presence } from './presence.ts';
import { createAnnotationRepository } from './repositories/common/annotations.ts';
import { createApiKeyRepository } from './repositories/access/api-keys.ts';
import { createCheckpointRepository } from './repositories/models/checkpoints.ts';
import { createDatasetRepository } from './repositories/datasets/datasets.ts';
import { createDeletionRepository } from './repositories/cleanup/deletions.ts';
import { createEvaluationRepository } from './repositories/evaluations/evaluations.ts';
import { createEvaluationVoteRepository } from './repositories/evaluations/evaluation-votes.ts';
import { createEventRepository } from './repositories/training-jobs/events.ts';
import { createExportRepository } from './repositories/models/exports.ts';
import { createGenerationRepository } from './repositories/generations/generations.ts';
import { createIdempotencyKeyRepository } from './repositories/access/idempotency-keys.ts';
import { createPendingUploadRepository } from './repositories/datasets/pending-uploads.ts';
import { createImageRepository } from './repositories/datasets/images.ts';
import { createInstallationRepository } from './repositories/installation/installation.ts';
import { createJobLogRepository } from './repositories/training-jobs/job-logs.ts';
import { createJobCostRepository } from './repositories/training-jobs/job-costs.ts';
import { createLeaseRepository } from './repositories/work/leases.ts';
import { createListedImageRepository } from './repositories/common/listed-images.ts';
import { createMeasurementRepository } from './repositories/installation/measurements.ts';
import { createMetricRepository } from './repositories/training-jobs/metrics.ts';
import { createModelRepository } from './repositories/models/models.ts';
import { createOperationsRepository } from './repositories/installation/operations.ts';
import { createOutboxRepository } from './repositories/work/outbox.ts';
import { createProjectEventRepository } from './repositories/common/project-events.ts';
import { createPromptSetRepository } from './repositories/evaluations/prompt-sets.ts';
import { createReportShareRepository } from './repositories/evaluations/report-shares.ts';
import { createRetentionRepository } from './repositories/cleanup/retention.ts';
import { createSessionRepository } from './repositories/access/sessions.ts';
import { createStrandedRepository } from './repositories/work/stranded.ts';
import { createStudyRepository } from './repositories/training-jobs/studies.ts';
import { createTrainingJobRepository } from './repositories/training-jobs/training-jobs.ts';
import { createUsageRepository } from './repositories/installation/usage.ts';
import { createWebhookRepository } from './repositories/webhooks/webhooks.ts';
import { createValidationImageRepository } from './repositories/training-jobs/validation-images.ts';
import { createWorkerRepository } from './repositories/work/workers.ts';
import { rehearse } from './rehearsal.ts';
import { openPool } from './session.ts';
import { Statements } from './statements.ts';

export type Database = ReturnType<typeof createDatabase>;
export type DatabaseOptions = {
  maxConnections?: number;
  /** Whether connections stay open when they are idle. Otherwise they are closed after ten seconds. */
  keepsConnections?: boolean;
  /** Called for every statement, with its first word and its duration. */
  onQuery?: (statement: string, milliseconds: number) => void;
};

/** Timeouts in milliseconds. Many requests at once wait for a connection instead of failing after Prisma's two seconds. */
const transactionOptions = { maxWait: 20_000, timeout: 30_000 };

const clients = new WeakMap<object, PrismaClient>();

/** The client behind a database; tests reach it through `@styleforge/database/testing`. */
export function clientOf(database: Database): PrismaClient {
  const client = clients.get(database);
  if (!client) throw new Error('this object was not made by createDatabase');
  return client;
}

export function createDatabase(databaseUrl: string, { maxConnections = 10, keepsConnections = false, onQuery }: DatabaseOptions = {}) {
  const pool = openPool({ connectionString: databaseUrl, max: maxConnections, min: keepsConnections ? maxConnections : 0 });
  // A connection has no listener while the pool hands it to a transaction. If the server ends it just then, the error would end this
  // process; the transaction's first statement fails in any case.
  pool.on('connect', (client) => client.on('error', () => undefined));
  // The pool drops an idle connection that the server has ended. The Prisma client only listens once it has been used.
  pool.on('error', () => undefined);
  const adapter = new PrismaPg(pool, { disposeExternalPool: true });
  const prisma = onQuery ? observedClient(adapter, onQuery) : new PrismaClient({ adapter, transactionOptions });
  const alone = <Result>(name: string, work: () => Promise<Result>): Promise<Result | undefined> => exclusively(databaseUrl, name, work);
  const statements = new Statements(
    pool,
    onQuery && ((word, milliseconds) => onQuery(STATEMENTS.has(word) ? word : 'other', milliseconds)),
  );
  const keys = new KeyCache();
  const presence = new Presence();
  const database = {
    ...createRepositories({ prisma, statements, keys, presence, alone }),
    /** Runs work that only one process may do at a time; undefined if another process is doing it. */
    exclusively: alone,
    /** Marks this process as alive, so that others notice at once when it dies. API keys are remembered until they are revoked. */
    bePresent: (onTrouble: (error: unknown) => void): Promise<Listener> => presence.begin(databaseUrl, keys, onTrouble),
    /** Listens to notifications of channels, all on one connection outside the pool. */
    listen: (
      channels: string | readonly string[],
      onNotify: (payload: string, channel: string) => void,
      onTrouble: (error: unknown) => void,
    ): Promise<Listener> => listen(databaseUrl, channels, onNotify, { onTrouble }),
    /** Opens all connections and makes the most frequent statements on each as fast as they will be. Stores nothing. */
    rehearse: (): Promise<void> => rehearse(pool, prisma, maxConnections),
    connections: () => ({ open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    /** Throws when the database does not respond. */
    ping: async (): Promise<void> => void (await prisma.$queryRaw`select 1`),
    close: async (): Promise<void> => {
      await prisma.$disconnect();
      // The client only ends a pool that it has used itself.
      if (!pool.ending) await pool.end();
    },
  };
  clients.set(database, prisma);
  return database;
}

interface RepositoryParts {
  readonly prisma: PrismaClient;
  readonly statements: Statements;
  readonly keys: KeyCache;
  readonly presence: Presence;
  readonly alone: <Result>(name: string, work: () => Promise<Result>) => Promise<Result | undefined>;
}

function createRepositories({ prisma, statements, keys, presence, alone }: RepositoryParts) {
  return {
    installation: createInstallationRepository(prisma, alone),
    annotations: createAnnotationRepository(prisma),
    apiKeys: createApiKeyRepository(prisma, keys),
    sessions: createSessionRepository(prisma),
    datasets: createDatasetRepository(prisma, statements),
    images: createImageRepository(prisma),
    pendingUploads: createPendingUploadRepository(prisma),
    trainingJobs: createTrainingJobRepository(prisma, statements),
    events: createEventRepository(prisma),
    projectEvents: createProjectEventRepository(prisma),
    metrics: createMetricRepository(prisma),
    jobCosts: createJobCostRepository(prisma, statements),
    jobLogs: createJobLogRepository(prisma),
    checkpoints: createCheckpointRepository(prisma),
    models: createModelRepository(prisma),
    exports: createExportRepository(prisma),
    studies: createStudyRepository(prisma),
    promptSets: createPromptSetRepository(prisma),
    validationImages: createValidationImageRepository(prisma),
    evaluations: createEvaluationRepository(prisma),
    reportShares: createReportShareRepository(prisma),
    evaluationVotes: createEvaluationVoteRepository(prisma),
    generations: createGenerationRepository(prisma),
    listedImages: createListedImageRepository(prisma),
    webhooks: createWebhookRepository(prisma),
    leases: createLeaseRepository(prisma),
    workers: createWorkerRepository(prisma),
    usage: createUsageRepository(prisma),
    stranded: createStrandedRepository(prisma),
    operations: createOperationsRepository(prisma),
    measurements: createMeasurementRepository(prisma),
    deletions: createDeletionRepository(prisma),
    retention: createRetentionRepository(prisma),
    outbox: createOutboxRepository(prisma),
    idempotencyKeys: createIdempotencyKeyRepository({ prisma, statements }, () => presence.owner),
  };
}

const STATEMENTS = new Set(['select', 'insert', 'update', 'delete', 'with', 'begin', 'commit', 'rollback']);

function observedClient(adapter: PrismaPg, onQuery: NonNullable<DatabaseOptions['onQuery']>): PrismaClient {
  const prisma = new PrismaClient({ adapter, transactionOptions, log: [{ emit: 'event', level: 'query' }] });
  prisma.$on('query', ({ query, duration }) => {
    const word = /^\s*(\w+)/.exec(query)?.[1]?.toLowerCase() ?? '';
    onQuery(STATEMENTS.has(word) ? word : 'other', duration);
  });
  return prisma as unknown as PrismaClient;
}
