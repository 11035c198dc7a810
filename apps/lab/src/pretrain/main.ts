// npm run pretrain -- STAGE: trains the shipped base model on the open emoji sets, one stage per command; a repeated stage continues where
// it stopped.
import { buildImageCache, imagesOf, listCoreSubjects } from '@styleforge/samples';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readCommandLine, refuseCall } from '../command-line.ts';
import { numberOption, optionalNumber } from '../options.ts';
import { initialAutoencoder } from './autoencoder.ts';
import { exportModel, exportWithAutoencoder, scalingFactorOf } from './export-model.ts';
import { encodeLatents, normalizeLatents } from './latent-cache.ts';
import { modelFiles } from './model-card.ts';
import { writeSheet } from './sheet.ts';
import { trainAutoencoder } from './train-autoencoder.ts';
import { trainUnet } from './train-unet.ts';
import { collectUnetImages } from './unet-images.ts';
import { loadCutouts } from './variants/cutouts.ts';

const PROGRAM = {
  usage: 'npm run pretrain -- STAGE',
  about:
    'Trains a stage of the shipped base model from open emoji sets: autoencoder, then unet (with the text ' +
    'encoder). Run again, it continues where it stopped.',
  allowPositionals: true,
  options: {
    directory: {
      type: 'string',
      default: '.styleforge/pretrain',
      help: 'folder of the run: state, sheets, and the model that the stage makes',
    },
    from: { type: 'string', default: 'models/styleforge-mini', help: 'model folder that the stage starts from' },
    fresh: { type: 'boolean', default: false, help: 'start the trained part from random weights' },
    steps: { type: 'string', help: 'steps in all; 12000 for the autoencoder, 6000 for the U-Net by default' },
    'batch-size': { type: 'string', default: '16', help: 'images of a step' },
    'learning-rate': { type: 'string', default: '1e-3', help: 'peak learning rate' },
    'snapshot-minutes': { type: 'string', default: '8', help: 'minutes between snapshots' },
    seed: { type: 'string', default: '1337', help: 'seed of all random numbers' },
    threads: { type: 'string', help: 'processor threads' },
  },
} as const;

const { values, positionals } = readCommandLine(PROGRAM);
const STAGES = { autoencoder: { steps: '12000', run: autoencoderStage }, unet: { steps: '6000', run: unetStage } } as const;
const [name = ''] = positionals;
if (name !== 'autoencoder' && name !== 'unet') refuseCall(PROGRAM, `STAGE is '${name}': choose autoencoder or unet.`);
const stage = STAGES[name];
const { directory, from, fresh } = values;
const steps = numberOption('steps', values.steps ?? stage.steps, { least: 0 });
const [batchSize, snapshotMinutes, seed] = (['batch-size', 'snapshot-minutes', 'seed'] as const).map((name) =>
  numberOption(name, values[name], { least: 0 }),
);
const learningRate = numberOption('learning-rate', values['learning-rate'], { least: 0, fraction: true });
const threads = optionalNumber('threads', values.threads);
const log = (line: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
const shared = { directory, steps, batchSize, snapshotMinutes, seed, learningRate, threads, log };
const images = join(directory, 'images');
await mkdir(join(directory, 'sheets'), { recursive: true });
await stage.run();

/** Continues from the autoencoder of `--from`, and keeps its latents of base images; with --fresh it starts from random weights. */
async function autoencoderStage(): Promise<void> {
  const cache = await buildImageCache(images);
  const cutouts = await loadCutouts(images, log);
  log(`${cache.records.length} images, ${cutouts.length} cutouts`);
  await trainAutoencoder({
    ...shared,
    cache,
    cutouts,
    ...(fresh ? {} : { from }),
    onSnapshot: async (averaged) => {
      const weights = averaged.alike();
      weights.copyFrom(averaged);
      if (fresh) await normalizeLatents(imagesOf(cache), weights);
      await exportWithAutoencoder(from, join(directory, 'model-autoencoder'), weights);
    },
  });
}

/** Trains U-Net and text encoder on the latents of `--from`; with --fresh both start from random weights. */
async function unetStage(): Promise<void> {
  const core = await buildImageCache(images, { subjects: listCoreSubjects() });
  const vae = await initialAutoencoder(from, seed);
  const unetImages = await collectUnetImages(core, seed, log);
  const latents = { ...(await encodeLatents(unetImages.images, vae, threads)), scalingFactor: await scalingFactorOf(from) };
  log(`${unetImages.images.length} images, scaling factor ${latents.scalingFactor.toFixed(4)}`);
  await trainUnet({
    ...shared,
    images: unetImages,
    latents,
    tokenizerDirectory: join(from, 'tokenizer'),
    ...(fresh ? {} : { initialModel: from }),
    onSnapshot: async (unetAndTextEncoder, step) => {
      const output = join(directory, 'model-unet');
      const facts = { seed, unetSteps: step, batchSize, pictures: unetImages.images.length, learningRate, continued: !fresh };
      const { scalingFactor } = latents;
      const files = await modelFiles(from, facts);
      await exportModel(output, { vae, scalingFactor, unetAndTextEncoder, tokenizerDirectory: join(from, 'tokenizer'), files });
      const sheet = join(directory, 'sheets', `unet-${String(step).padStart(6, '0')}.png`);
      await writeSheet({ modelDirectory: output, path: sheet });
      log(`model at step ${step} in ${output}, sheet in ${sheet}`);
    },
  });
}
