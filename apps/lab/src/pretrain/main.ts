// npm run pretrain: makes the shipped base model from the open emoji sets, stage by stage; run again, it goes on where it stopped.
import { buildImageCache, listCoreSubjects } from '@styleforge/samples';
import { type ParameterBuffers } from '@styleforge/runtime';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readCommandLine } from '../command-line.ts';
import { numberOption, optionalNumber } from '../options.ts';
import { exportModel } from './export-model.ts';
import { encodeLatents, normalizeLatents } from './latent-cache.ts';
import { modelFiles } from './model-card.ts';
import { writeSheet } from './sheet.ts';
import { trainUnet } from './train-unet.ts';
import { trainDecoder, trainVae } from './train-vae.ts';

const { values } = readCommandLine({
  usage: 'npm run pretrain --',
  about: 'Trains the shipped base model from open emoji sets, stage by stage. Run again, it continues where it stopped.',
  options: {
    directory: { type: 'string', default: '.styleforge/pretrain', help: 'folder of the run' },
    output: { type: 'string', default: '.styleforge/pretrain/model', help: 'folder that receives the model' },
    tokenizer: { type: 'string', default: 'models/styleforge-mini/tokenizer', help: 'folder of the tokenizer' },
    'vae-steps': { type: 'string', default: '2500', help: 'steps of the autoencoder' },
    'decoder-steps': { type: 'string', default: '1500', help: 'further steps of the decoder alone' },
    'unet-steps': { type: 'string', default: '6000', help: 'steps of the U-Net' },
    'batch-size': { type: 'string', default: '16', help: 'images of a U-Net step' },
    'snapshot-minutes': { type: 'string', default: '8', help: 'minutes between snapshots' },
    seed: { type: 'string', default: '1337', help: 'seed of all random numbers' },
    'learning-rate': { type: 'string', default: '1e-3', help: 'peak learning rate of the U-Net' },
    'vae-from': { type: 'string', help: 'model folder whose autoencoder the run starts from' },
    'unet-from': { type: 'string', help: 'model folder whose U-Net the run starts from' },
    threads: { type: 'string', help: 'processor threads' },
  },
});

const { directory, output, tokenizer } = values;
const [vaeSteps, decoderSteps, unetSteps, batchSize, snapshotMinutes, seed] = (
  ['vae-steps', 'decoder-steps', 'unet-steps', 'batch-size', 'snapshot-minutes', 'seed'] as const
).map((name) => numberOption(name, values[name], { least: 0 }));
const learningRate = numberOption('learning-rate', values['learning-rate'], { least: 0, fraction: true });
const threads = optionalNumber('threads', values.threads);
const log = (line: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);

await mkdir(join(directory, 'sheets'), { recursive: true });
const cache = await buildImageCache(join(directory, 'images'), {
  onProgress: ({ done, of }) => {
    if (done % 500 === 0) log(`rendered ${done} of ${of} pictures`);
  },
});
log(`${cache.records.length} training pictures`);
const core = await buildImageCache(join(directory, 'images'), { subjects: listCoreSubjects() });
log(`${core.records.length} of them for the U-Net`);
const vae = await trainVae({
  cache,
  directory,
  initialModel: values['vae-from'],
  steps: vaeSteps,
  batchSize: 16,
  learningRate: 2e-3,
  seed,
  threads,
  log,
});
await normalizeLatents(core, vae);
const latents = await encodeLatents(core, vae);
log(`latents encoded, scaling factor ${latents.scalingFactor.toFixed(4)}`);
const snapshot = async (autoencoder: ParameterBuffers, unetAndTextEncoder: ParameterBuffers, step: number, name: string): Promise<void> => {
  const files = modelFiles({
    seed,
    vaeSteps,
    decoderSteps,
    unetSteps: step,
    batchSize,
    pictures: core.records.length,
    learningRate,
    continued: values['unet-from'] !== undefined,
  });
  await exportModel(output, {
    vae: autoencoder,
    scalingFactor: latents.scalingFactor,
    unetAndTextEncoder,
    tokenizerDirectory: tokenizer,
    files,
  });
  const sheet = join(directory, 'sheets', `${name}-${String(step).padStart(6, '0')}.png`);
  await writeSheet({ modelDirectory: output, path: sheet });
  log(`model at step ${step} in ${output}, sheet in ${sheet}`);
};
const unetAndTextEncoder = await trainUnet({
  cache: core,
  latents,
  directory,
  tokenizerDirectory: tokenizer,
  threads,
  steps: unetSteps,
  batchSize,
  learningRate,
  snapshotMinutes,
  seed,
  log,
  initialModel: values['unet-from'],
  onSnapshot: (weights, step) => snapshot(vae, weights, step, 'unet'),
});
const sharper = await trainDecoder({ cache, directory, vae, steps: decoderSteps, batchSize: 16, learningRate: 1e-3, seed, threads, log });
await snapshot(sharper, unetAndTextEncoder, unetSteps, 'final');
