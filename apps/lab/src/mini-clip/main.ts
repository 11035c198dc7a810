// npm run pretrain:clip: trains the shipped feature extractor on all the emoji sets; run again, it goes on where it stopped.
import { CLIPTokenizer } from '@styleforge/diffusion';
import { buildImageCache } from '@styleforge/samples';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { numberOption, optionalNumber } from '../options.ts';
import { writeTokenizer } from '../tokenizer/main.ts';
import { exportMiniClip } from './export.ts';
import { TEXT_TOKENS } from './geometry.ts';
import { allStyles } from './pairs.ts';
import { trainMiniClip } from './train.ts';

const { values } = parseArgs({
  options: {
    directory: { type: 'string', default: '.styleforge/pretrain' },
    output: { type: 'string', default: '.styleforge/pretrain/mini-clip' },
    steps: { type: 'string', default: '2500' },
    'batch-size': { type: 'string', default: '64' },
    'learning-rate': { type: 'string', default: '1e-3' },
    'snapshot-minutes': { type: 'string', default: '8' },
    seed: { type: 'string', default: '1337' },
    threads: { type: 'string' },
  },
});

const { directory, output } = values;
const [steps, batchSize, snapshotMinutes, seed] = (['steps', 'batch-size', 'snapshot-minutes', 'seed'] as const).map((name) =>
  numberOption(name, values[name], { least: 0 }),
);
const learningRate = numberOption('learning-rate', values['learning-rate'], { least: 0, fraction: true });
const log = (line: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);

const tokenizerDirectory = join(directory, 'mini-clip-tokenizer');
await mkdir(directory, { recursive: true });
await writeTokenizer(tokenizerDirectory, TEXT_TOKENS);
const cache = await buildImageCache(join(directory, 'images'), {
  styles: allStyles,
  split: 'all',
  onProgress: ({ done, of }) => {
    if (done % 1000 === 0) log(`rendered ${done} of ${of} pictures`);
  },
});
log(`${cache.records.length} pictures in ${allStyles.length} styles`);
await trainMiniClip({
  cache,
  tokenizer: await CLIPTokenizer.fromDirectory(tokenizerDirectory),
  directory,
  steps,
  batchSize,
  learningRate,
  snapshotMinutes,
  seed,
  log,
  threads: optionalNumber('threads', values.threads),
  onSnapshot: async (weights, step, retrieval) => {
    await exportMiniClip(output, {
      weights,
      tokenizerDirectory,
      facts: { step, batchSize, seed, pictures: cache.records.length, retrieval },
    });
    log(`mini-clip at step ${step} in ${output}`);
  },
});
