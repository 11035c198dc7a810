// Which tests run. Limits are for a hung test, not for a slow machine: real services start and real training runs inside them.
import { existsSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Projects in the order in which they run. */
const PROJECTS = ['embedded', 'embedded-in-one-process', 'redis-and-s3', 'components'];

/** Tests of the API that have no queue or store behind them, or bring both kinds themselves. */
const API_ON_ONE_BACKEND = [
  'api-keys',
  'base-models',
  'cors',
  'dashboard',
  'downloads',
  'http-errors',
  'openapi-document',
  'idempotency-locks',
  'outages',
  'sdk-types',
];

/**
 * These share nothing but their modules, so one process loads the modules once and runs many files; loading them for each took two fifths
 * of the processor time of the API's tests.
 */
const IN_ONE_PROCESS = ['apps/api/test/**/*.test.ts', 'packages/{config,contracts,reports,samples}/test/*.test.ts'];

/**
 * Files that start services or train come first: a long one that came last would leave the other worker without work. A process runs on
 * with files of its own project.
 */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) =>
      /test\/(integration|acceptance|infra)\/|styleforge\/test\/|cli\/test\/service/.test(moduleId);
    const rank = (file: TestSpecification) => (isLong(file) ? 0 : 1 + PROJECTS.indexOf(file.project.name));
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));

/** Components of the dashboard in a browser. Without one, test/integration/dashboard.test.ts says that it is missing. */
const COMPONENTS: TestProjectConfiguration[] = [
  {
    extends: true,
    // What is found only while a test runs would reload its page.
    optimizeDeps: {
      include: [
        ...['react', 'react-dom', 'react-dom/client', 'react/jsx-runtime', 'react/jsx-dev-runtime'],
        ...['@tanstack/react-query', 'openapi-fetch', 'uplot', 'wouter', 'yaml'],
      ],
    },
    plugins: [
      {
        name: 'sdk for browsers',
        enforce: 'pre',
        resolveId: (source, importer) =>
          source === './local-files.ts' && importer ? importer.replace(/[^/]+$/, 'no-local-files.ts') : undefined,
      },
    ],
    test: {
      name: 'components',
      include: ['apps/dashboard/test/*.browser.test.{ts,tsx}'],
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({ launchOptions: { executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] } }),
        instances: [{ browser: 'chromium', viewport: { width: 1000, height: 800 } }],
      },
    },
  },
];

export default defineConfig({
  test: {
    testTimeout: 180_000,
    hookTimeout: 240_000,
    // Vitest reads this one of the root alone.
    browser: { connectTimeout: 240_000 },
    pool: 'forks',
    // The SDK warns in each process that its versions of 2027 need Node 22. The installed one does not.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    // On two cores: a test waits for other processes a quarter of its time.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'embedded',
          include: ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'test/{integration,acceptance,infra}/**/*.test.ts'],
          exclude: [...IN_ONE_PROCESS, 'apps/dashboard/test/**'],
          provide: { backend: 'embedded' },
        },
      },
      {
        extends: true,
        test: {
          name: 'embedded-in-one-process',
          include: IN_ONE_PROCESS,
          isolate: false,
          provide: { backend: 'embedded' },
        },
      },
      {
        extends: true,
        test: {
          name: 'redis-and-s3',
          include: ['apps/api/test/**/*.test.ts'],
          exclude: API_ON_ONE_BACKEND.map((name) => `apps/api/test/**/${name}.test.ts`),
          isolate: false,
          provide: { backend: 'redis-and-s3' },
        },
      },
      ...(CHROMIUM === undefined ? [] : COMPONENTS),
    ],
  },
});
