// Which tests run. Limits are for a hung test, not for a slow machine: real services start and real training runs inside them.
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Tests of the API that have no queue or store behind them, or bring both kinds themselves. */
const API_ON_ONE_BACKEND = ['api-keys', 'cors', 'downloads', 'http-errors', 'outages', 'sdk-types'];

/** Files that start services or train come first: a long one that came last would leave the other worker without work. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => /test\/(integration|acceptance|infra)\/|styleforge\/test\/|cli\/test\/service/.test(moduleId);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    testTimeout: 180_000,
    hookTimeout: 240_000,
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
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
          include: ['apps/api/test/*.test.ts'],
          exclude: API_ON_ONE_BACKEND.map((name) => `apps/api/test/${name}.test.ts`),
          provide: { backend: 'redis-and-s3' },
        },
      },
    ],
  },
});
