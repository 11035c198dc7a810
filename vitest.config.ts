// Which tests run. Limits are for a hung test, not for a slow machine: real services start and real training runs inside them.
import { defineConfig } from 'vitest/config';

/** Where the API's answers depend on the queue or the store. */
const API_ON_REDIS_AND_S3 = ['datasets', 'every-route', 'generations', 'queue-board', 'training-jobs', 'zip-uploads'];

export default defineConfig({
  test: {
    testTimeout: 180_000,
    hookTimeout: 240_000,
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'embedded',
          include: ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'test/{integration,acceptance,infra}/**/*.test.ts'],
          provide: { backend: 'embedded' },
        },
      },
      {
        extends: true,
        test: {
          name: 'redis-and-s3',
          include: [`apps/api/test/{${API_ON_REDIS_AND_S3.join(',')}}.test.ts`],
          provide: { backend: 'redis-and-s3' },
        },
      },
    ],
  },
});
