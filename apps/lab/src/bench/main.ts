// npm run bench -- <name> [options]: measures one part of the project and prints what it saw, one JSON line a figure.
const benchmarks: Readonly<Record<string, () => Promise<{ run: (args: string[]) => Promise<void> }>>> = {
  api: () => import('./api.ts'),
  train: () => import('./train.ts'),
  sample: () => import('./sample.ts'),
  parity: () => import('./parity.ts'),
  gpu: () => import('./gpu.ts'),
  pack: () => import('./pack.ts'),
  metrics: () => import('./metrics.ts'),
  scale: () => import('./scale.ts'),
  'base-models': () => import('./base-models.ts'),
};

const [name, ...args] = process.argv.slice(2);
const load = benchmarks[name ?? ''];
if (!load) {
  console.error(`npm run bench -- NAME [options], where NAME is one of: ${Object.keys(benchmarks).join(', ')}`);
  process.exitCode = 2;
} else {
  await (await load()).run(args);
}
