// npm run pretrain -- STAGE: makes the shipped base model from the open emoji sets, one stage a command; run again, a stage goes on where it stopped.
import { buildImageCache } from '@styleforge/samples';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { numberOption, optionalNumber } from '../options.ts';
import { exportWithAutoencoder } from './export-model.ts';
import { trainAutoencoder } from './train-autoencoder.ts';
import { loadCutouts } from './variants/cutouts.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    directory: { type: 'string', default: '.styleforge/pretrain' },
    from: { type: 'string', default: 'models/styleforge-mini' },
    steps: { type: 'string', default: '12000' },
    'batch-size': { type: 'string', default: '16' },
    'learning-rate': { type: 'string', default: '1e-3' },
    'snapshot-minutes': { type: 'string', default: '8' },
    seed: { type: 'string', default: '1337' },
    threads: { type: 'string' },
  },
});
const { directory, from } = values;
const [steps, batchSize, snapshotMinutes, seed] = (['steps', 'batch-size', 'snapshot-minutes', 'seed'] as const).map((name) =>
  numberOption(name, values[name], { least: 0 }),
);
const learningRate = numberOption('learning-rate', values['learning-rate'], { least: 0, fraction: true });
const threads = optionalNumber('threads', values.threads);
const log = (line: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
if (positionals[0] !== 'autoencoder') throw new Error('stage');
await mkdir(directory, { recursive: true });
const images = join(directory, 'images');
const cache = await buildImageCache(images);
const cutouts = await loadCutouts(images, log);
log(`${cache.records.length} images, ${cutouts.length} cutouts`);
await trainAutoencoder({
  cache,
  cutouts,
  directory,
  steps,
  batchSize,
  learningRate,
  snapshotMinutes,
  seed,
  threads,
  log,
  from,
  onSnapshot: (weights) => exportWithAutoencoder(from, join(directory, 'model-autoencoder'), weights),
});
