// npm run pretrain:clip: trains the shipped feature extractor on all emoji sets; a repeated command continues where it stopped.
import { CLIPTokenizer } from '@styleforge/diffusion';
import { buildImageCache } from '@styleforge/samples';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readCommandLine } from '../command-line.ts';
import { numberOption, optionalNumber } from '../options.ts';
import { writeTokenizer } from '../tokenizer/main.ts';
import { exportMiniClip } from './export.ts';
import { TEXT_TOKENS } from './geometry.ts';
import { allStyles } from './pairs.ts';
import { trainMiniClip } from './train.ts';

const { values } = readCommandLine({
  usage: 'npm run pretrain:clip --',
  about: 'Trains the shipped feature extractor on all emoji sets. Run again, it continues where it stopped.',
  options: {
    directory: { type: 'string', default: '.styleforge/pretrain', help: 'folder of the run' },
    output: { type: 'string', default: '.styleforge/pretrain/mini-clip', help: 'folder that receives the model' },
    steps: { type: 'string', default: '2500', help: 'training steps' },
    'batch-size': { type: 'string', default: '64', help: 'pairs of a step' },
    'learning-rate': { type: 'string', default: '1e-3', help: 'peak learning rate' },
    'snapshot-minutes': { type: 'string', default: '8', help: 'minutes between snapshots' },
    seed: { type: 'string', default: '1337', help: 'seed of all random numbers' },
    threads: { type: 'string', help: 'processor threads' },
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
    if (done % 1000 === 0) log(`rendered ${done} of ${of} images`);
  },
});
log(`${cache.records.length} images in ${allStyles.length} styles`);
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
