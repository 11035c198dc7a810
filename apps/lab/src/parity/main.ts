// Compares the engine's results with a folder of reference results: one JSON line for each case, exit code 1 if a case fails.
// Usage: npm run --silent parity -- DIRECTORY
import { resolve } from 'node:path';
import { exists } from '@styleforge/weights';
import { readCommandLine, refuseCall } from '../command-line.ts';
import { guarded, type CaseResult } from './case-result.ts';
import { clipCases } from './clip-cases.ts';
import { forwardCases } from './forward-cases.ts';
import { layoutCases } from './layout-cases.ts';
import { methodCases } from './methods/method-cases.ts';
import { metricCases } from './metric-cases.ts';
import { ReferenceFolder } from './reference-folder.ts';
import { samplerCases } from './sampler-cases.ts';
import { textToImageCases } from './text-to-image-cases.ts';
import { tokenCases } from './token-cases.ts';
import { trainingCases } from './training-cases.ts';

const groups: Record<string, (folder: ReferenceFolder) => AsyncGenerator<CaseResult>> = {
  tokens: tokenCases,
  metrics: metricCases,
  samplers: samplerCases,
  forward: forwardCases,
  clip: clipCases,
  'text-to-image': textToImageCases,
  train: trainingCases,
};

export async function* parityCases(directory: string): AsyncGenerator<CaseResult> {
  const folder = new ReferenceFolder(directory);
  const has = (name: string) => exists(folder.path(name));
  const [methods, models, layouts] = await Promise.all(['methods.json', 'train.json', 'layouts.json'].map(has));
  if (models || (!methods && !layouts)) for (const [name, cases] of Object.entries(groups)) yield* guarded(name, cases(folder));
  if (methods) yield* guarded('methods', methodCases(folder));
  if (layouts) yield* guarded('layouts', layoutCases(folder));
  await folder.close();
}

const PROGRAM = {
  usage: 'npm run --silent parity -- DIRECTORY',
  about:
    'Compares this engine with a folder of reference numbers (such as test/golden or test/golden-methods). Prints ' +
    'one JSON line a case; exit code 1 if any misses.',
  allowPositionals: true,
  options: {},
} as const;

async function main(): Promise<number> {
  const [directory] = readCommandLine(PROGRAM).positionals;
  if (directory === undefined) refuseCall(PROGRAM, 'name a folder of reference numbers');
  let missed = 0;
  for await (const result of parityCases(resolve(directory))) {
    console.log(JSON.stringify(result));
    if (!result.ok) missed++;
  }
  return missed > 0 ? 1 : 0;
}

if (import.meta.filename === process.argv[1]) process.exitCode = await main();
