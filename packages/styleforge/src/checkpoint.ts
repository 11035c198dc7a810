// A local checkpoint: an ordinary diffusers folder that also holds what a resumed run needs.
import { readFile } from 'node:fs/promises';
import { mkdtemp, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ParameterBuffers } from '@styleforge/runtime';
import { readDiffusersFolder, SafetensorsReader, writeDiffusersFolder, writeSafetensors, type TensorEntry } from '@styleforge/weights';
import { type StyleForgeConfig, TrainingInputError } from './config.ts';
import { loadTrainableWeights } from './model.ts';
import { TEXT_ENCODER_PREFIX, UNET_PREFIX, type TrainStep } from './train-step.ts';

const STATE_DIRECTORY = 'trainer_state';
const FORMAT = 1;

export interface TrainerState {
  readonly globalStep: number;
  readonly optimizerStep: number;
  readonly config: StyleForgeConfig;
}

function* entriesOf(buffers: ParameterBuffers, prefix: string): Generator<TensorEntry> {
  for (const { name, shape } of buffers.specs) {
    if (name.startsWith(prefix)) yield { name: name.slice(prefix.length), shape: [...shape], data: buffers.get(name) };
  }
}

async function writeMoments(path: string, buffers: ParameterBuffers): Promise<void> {
  await writeSafetensors(path, entriesOf(buffers, ''), { dtype: 'F32' });
}

/**
 * Writes everything beside `directory` and renames, so that no reader sees half of it. Weights are float32: what a resumed
 * run reads is bit for bit what this run holds.
 */
export async function writeCheckpoint(directory: string, baseModelDirectory: string, trainStep: TrainStep, state: TrainerState): Promise<void> {
  await mkdir(dirname(directory), { recursive: true });
  const scratch = await mkdtemp(`${directory}.partial-`);
  const model = join(scratch, 'model');
  const trainsText = trainStep.weights.specs.some(({ name }) => name.startsWith(TEXT_ENCODER_PREFIX));
  await writeDiffusersFolder(model, {
    base: baseModelDirectory,
    components: {
      unet: { weights: entriesOf(trainStep.weights, UNET_PREFIX) },
      ...(trainsText ? { text_encoder: { weights: entriesOf(trainStep.weights, TEXT_ENCODER_PREFIX) } } : {}),
    },
  }, { dtype: 'F32' });
  const stateDirectory = join(model, STATE_DIRECTORY);
  await mkdir(stateDirectory);
  await writeMoments(join(stateDirectory, 'first_moment.safetensors'), trainStep.optimizer.firstMoment);
  await writeMoments(join(stateDirectory, 'second_moment.safetensors'), trainStep.optimizer.secondMoment);
  await writeFile(join(stateDirectory, 'trainer_state.json'), `${JSON.stringify({ format: FORMAT, ...state }, null, 2)}\n`);
  await rm(directory, { recursive: true, force: true });
  await rename(model, directory);
  await rm(scratch, { recursive: true });
}

async function readMoments(path: string, buffers: ParameterBuffers): Promise<void> {
  const reader = await SafetensorsReader.open(path);
  try {
    for (const { name } of buffers.specs) await reader.readInto(name, buffers.get(name));
  } finally {
    await reader.close();
  }
}

/** Restores weights, moments and step. Throws TrainingInputError when the folder is no checkpoint of this trainer. */
export async function restoreCheckpoint(directory: string, trainStep: TrainStep): Promise<TrainerState> {
  const stateDirectory = join(directory, STATE_DIRECTORY);
  let state: TrainerState & { format: number };
  try {
    state = JSON.parse(await readFile(join(stateDirectory, 'trainer_state.json'), 'utf8')) as typeof state;
  } catch (error) {
    throw new TrainingInputError(`${directory} holds no trainer state to resume from: ${String(error)}`, { cause: error });
  }
  if (state.format !== FORMAT) throw new TrainingInputError(`${directory} was written in trainer state format ${state.format}; this version reads ${FORMAT}`);
  await loadTrainableWeights(await readDiffusersFolder(directory), trainStep.weights);
  await readMoments(join(stateDirectory, 'first_moment.safetensors'), trainStep.optimizer.firstMoment);
  await readMoments(join(stateDirectory, 'second_moment.safetensors'), trainStep.optimizer.secondMoment);
  trainStep.optimizer.step = state.optimizerStep;
  return state;
}
