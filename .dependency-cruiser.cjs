// Who may import whom (the agreed rules of the design), and no cycles.
const rooms = {
  service: ['config', 'telemetry', 'database', 'queue', 'storage', 'stack'],
  learning: ['autodiff', 'onnx', 'runtime', 'weights', 'diffusion', 'styleforge', 'metrics'],
};

const DATABASE_FOR_TESTS = '^packages/database/src/testing\\.ts$';

const inRoom = (names) => `^packages/(${names.join('|')})/`;
const from = (path, pathNot) => ({ path, ...(pathNot && { pathNot }) });
const source = (name) => `^packages/${name}/src/`;

/** `name`'s sources may import of our packages only `allowed`. */
const mayImport = (name, allowed) => ({
  name: `${name}-imports`,
  severity: 'error',
  comment: `packages/${name} may import of ours: ${allowed.join(', ') || 'nothing'}`,
  from: from(source(name)),
  to: { path: '^(packages|apps)/', pathNot: [name, ...allowed].map((other) => `^packages/${other}/`) },
});

/** Only `owner` may import the library. */
const owns = (owner, libraries) => ({
  name: `owner-of-${libraries[0].replaceAll(/\W/g, '-')}`,
  severity: 'error',
  comment: `packages/${owner} alone imports ${libraries.join(', ')}`,
  from: from('^(packages|apps)/[^/]+/src/', source(owner)),
  to: { path: libraries.map((library) => `(^|/)node_modules/${library}(/|$)`) },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', comment: 'imports of types count, too', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'package-roots-only',
      severity: 'error',
      comment: "import '@styleforge/name', never a path inside another package",
      from: { path: '^(packages|apps)/([^/]+)/' },
      to: { path: '^(packages|apps)/[^/]+/', pathNot: ['^$1/$2/', '^(packages|apps)/[^/]+/src/index\\.ts$', '^packages/launch/src/(start|bundle-folder)\\.mjs$', DATABASE_FOR_TESTS] },
    },
    {
      name: 'database-client-for-tests',
      severity: 'error',
      comment: "the service reaches the database through repositories; only tests get Prisma's client",
      from: { pathNot: ['/test/', '^test/', '^packages/testing/'] },
      to: { path: DATABASE_FOR_TESTS },
    },
    {
      name: 'tests-see-package-roots',
      severity: 'error',
      from: { path: '^test/' },
      to: { path: '^(packages|apps)/', pathNot: ['/src/index\\.ts$', '^packages/launch/src/bundle-folder\\.mjs$', DATABASE_FOR_TESTS] },
    },
    {
      name: 'acceptance-is-a-black-box',
      severity: 'error',
      comment: 'test/acceptance knows the service by HTTP alone; the files of a tiny base model are data, Redis and S3 are neighbours',
      from: { path: '^test/acceptance/' },
      to: { path: '^(packages|apps|test)/', pathNot: ['^test/acceptance/', '^test/integration/tiny-base-model\\.ts$', '^packages/testing/'] },
    },
    mayImport('launch', []),
    mayImport('contracts', []),
    mayImport('config', ['contracts']),
    mayImport('telemetry', ['contracts']),
    mayImport('storage', ['contracts', 'config', 'telemetry']),
    mayImport('database', ['contracts', 'config', 'telemetry']),
    mayImport('queue', ['contracts', 'config', 'telemetry', 'database']),
    mayImport('stack', ['launch', 'contracts', 'config', 'telemetry', 'database', 'queue', 'storage']),
    mayImport('autodiff', []),
    mayImport('onnx', ['autodiff']),
    mayImport('runtime', ['autodiff', 'onnx']),
    mayImport('model-files', []),
    mayImport('weights', ['model-files']),
    mayImport('diffusion', ['autodiff', 'onnx', 'runtime', 'model-files', 'weights']),
    mayImport('styleforge', ['contracts', 'autodiff', 'onnx', 'runtime', 'model-files', 'weights', 'diffusion']),
    mayImport('metrics', ['autodiff', 'onnx', 'runtime', 'weights', 'diffusion']),
    mayImport('samples', []),
    mayImport('sdk', []),
    mayImport('reports', ['contracts']),
    {
      name: 'service-knows-no-learning',
      severity: 'error',
      from: from(inRoom(rooms.service)),
      to: { path: inRoom(rooms.learning) },
    },
    {
      name: 'api-knows-no-learning',
      severity: 'error',
      comment: 'the API never imports a machine-learning package',
      from: from('^apps/api/'),
      to: { path: inRoom(rooms.learning) },
    },
    {
      name: 'api-services-know-no-plugin',
      severity: 'error',
      comment: 'routes and plugins are above the services',
      from: { path: '^apps/api/src/(services|presenters|errors|http|decoding)/' },
      to: { path: '^apps/api/src/(plugins|routes)/' },
    },
    {
      name: 'apps-are-apart',
      severity: 'error',
      comment: "apps don't import apps, and nothing imports the lab",
      from: { path: '^apps/([^/]+)/src/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'clients-are-clients',
      severity: 'error',
      comment: 'the command line and the web page reach the service through the sdk alone',
      from: from('^apps/(cli|dashboard)/src/'),
      to: { path: '^(packages|apps)/', pathNot: ['^packages/(sdk|contracts|launch)/', '^apps/(cli|dashboard)/'] },
    },
    { name: 'packages-know-no-app', severity: 'error', from: from('^packages/[^/]+/src/'), to: { path: '^apps/' } },
    {
      name: 'models-and-schedulers-are-apart',
      severity: 'error',
      comment: 'pipelines and styleforge join them',
      from: { path: '^packages/model-files/src/(configs|schedulers|tokenizers)/' },
      to: { path: '^packages/model-files/src/(configs|schedulers|tokenizers)/', pathNot: '^packages/model-files/src/$1/' },
    },
    {
      name: 'graphs-do-no-io',
      severity: 'error',
      comment: 'autodiff, models and schedulers do no input or output',
      from: from(['^packages/autodiff/src/', '^packages/diffusion/src/models/', '^packages/model-files/src/(configs|schedulers)/']),
      to: { dependencyTypes: ['core'] },
    },
    owns('runtime', ['onnxruntime-node', 'koffi']),
    owns('storage', ['@aws-sdk']),
    owns('database', ['@prisma', 'prisma']),
    owns('queue', ['bullmq', 'ioredis']),
    owns('telemetry', ['pino', 'prom-client', '@opentelemetry']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['/dist/', '/generated/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'], extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'] },
  },
};
