// npm run bench -- <name> [options]: measures one part of the project and prints one JSON line for each result.
import { readCommandLine, refuseCall } from '../command-line.ts';
import { CallError } from '../options.ts';

const benchmarks: Readonly<Record<string, () => Promise<{ run: (args: string[]) => Promise<void> }>>> = {
  api: () => import('./load/api.ts'),
  train: () => import('./engine/train.ts'),
  sample: () => import('./engine/sample.ts'),
  parity: () => import('./engine/parity.ts'),
  'first-run': () => import('./first-use/first-run.ts'),
  gpu: () => import('./engine/gpu.ts'),
  pack: () => import('./pack.ts'),
  metrics: () => import('./engine/metrics.ts'),
  load: () => import('./load/load.ts'),
  scale: () => import('./scale/scale.ts'),
  'base-models': () => import('./first-use/base-models.ts'),
  generation: () => import('./first-use/generation.ts'),
  start: () => import('./first-use/start.ts'),
  'first-model': () => import('./first-use/first-model.ts'),
};

/** Prints a wrong call, or a device that cannot be used, without a stack trace. */
async function explain(error: unknown): Promise<void> {
  const { DeviceError } = await import('@styleforge/runtime');
  if (!(error instanceof CallError) && !(error instanceof DeviceError)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof CallError ? error.exitCode : 1;
}

const [name = '--help', ...args] = process.argv.slice(2);
const load = benchmarks[name];
if (load) {
  await (await load()).run(args).catch(explain);
} else {
  const program = {
    usage: 'npm run bench -- NAME',
    about: `Measures one part of the project and prints one JSON line a figure. NAME is one of: ${Object.keys(benchmarks).join(', ')}.`,
    options: {},
  };
  readCommandLine({ ...program, args: name.startsWith('-') ? [name] : [] });
  refuseCall(program, `there is no benchmark '${name}'`);
}
