// The Prisma client on one connection pool, and the repositories over it.
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from './generated/client.ts';
import { exclusively } from './exclusive.ts';
import { listen } from './listen.ts';
import type { Listener } from './listen.ts';
import { createApiKeyRepository } from './repositories/api-keys.ts';
import { createCheckpointRepository } from './repositories/checkpoints.ts';
import { createDatasetRepository } from './repositories/datasets.ts';
import { createEventRepository } from './repositories/events.ts';
import { createGenerationRepository } from './repositories/generations.ts';
import { createIdempotencyKeyRepository } from './repositories/idempotency-keys.ts';
import { createImageRepository } from './repositories/images.ts';
import { createMetricRepository } from './repositories/metrics.ts';
import { createOutboxRepository } from './repositories/outbox.ts';
import { createPromptSetRepository } from './repositories/prompt-sets.ts';
import { createRetentionRepository } from './repositories/retention.ts';
import { createStudyRepository } from './repositories/studies.ts';
import { createTrainingJobRepository } from './repositories/training-jobs.ts';
import { createWebhookRepository } from './repositories/webhooks.ts';
import { createValidationImageRepository } from './repositories/validation-images.ts';

export type Database = ReturnType<typeof createDatabase>;
export type DatabaseOptions = { maxConnections?: number };

export function createDatabase(databaseUrl: string, { maxConnections = 10 }: DatabaseOptions = {}) {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl, max: maxConnections }) });
  return {
    prisma,
    apiKeys: createApiKeyRepository(prisma),
    datasets: createDatasetRepository(prisma),
    images: createImageRepository(prisma),
    trainingJobs: createTrainingJobRepository(prisma),
    events: createEventRepository(prisma),
    metrics: createMetricRepository(prisma),
    checkpoints: createCheckpointRepository(prisma),
    studies: createStudyRepository(prisma),
    promptSets: createPromptSetRepository(prisma),
    validationImages: createValidationImageRepository(prisma),
    generations: createGenerationRepository(prisma),
    webhooks: createWebhookRepository(prisma),
    retention: createRetentionRepository(prisma),
    outbox: createOutboxRepository(prisma),
    idempotencyKeys: createIdempotencyKeyRepository(prisma),
    /** Runs work that one process at a time does; undefined when another is at it. */
    exclusively: <Result>(name: string, work: () => Promise<Result>): Promise<Result | undefined> => exclusively(databaseUrl, name, work),
    /** Follows a channel that the database notifies, on a connection beside the pool. */
    listen: (channel: string, onNotify: (payload: string) => void, onTrouble: (error: unknown) => void): Promise<Listener> => listen(databaseUrl, channel, onNotify, onTrouble),
    /** Throws when the database does not answer. */
    ping: async (): Promise<void> => void (await prisma.$queryRaw`select 1`),
    close: (): Promise<void> => prisma.$disconnect(),
  };
}
