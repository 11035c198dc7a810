// npm run pretrain: makes the shipped base model from the open emoji sets, stage by stage; runs again where it stopped.
import { trainingSet, buildImageCache } from '@styleforge/samples';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { trainVae } from './train-vae.ts';

const { values } = parseArgs({
  options: {
    directory: { type: 'string', default: '.styleforge/pretrain' },
    'vae-steps': { type: 'string', default: '4000' },
    seed: { type: 'string', default: '1337' },
  },
});
const directory = values.directory;
const seed = Number(values.seed);
const log = (line: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
await mkdir(directory, { recursive: true });
const cache = await buildImageCache(join(directory, 'images'), {});
log(`${cache.records.length} pictures`);
await trainVae({ cache, directory, steps: Number(values['vae-steps']), batchSize: 8, learningRate: 2e-3, seed, log });
void trainingSet;
