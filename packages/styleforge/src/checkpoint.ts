// A local checkpoint: an ordinary diffusers folder that also holds what a resumed run needs.
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { elementCount } from '@styleforge/autodiff';
import { Float32Arrays, type LossScaleState, type NamedArrays, type ParameterBuffers } from '@styleforge/runtime';
import {
  readDiffusersFolder,
  SafetensorsReader,
  singleFileObstacle,
  writeDiffusersFolder,
  writeSafetensors,
  writeSingleFile,
  type TensorEntry,
} from '@styleforge/weights';
import { type StyleForgeConfig, TrainingInputError } from './config.ts';
import { type ValidationScore } from './early-stopping.ts';
import { loadTrainableWeights } from './model.ts';
import { TEXT_ENCODER_PREFIX, UNET_PREFIX, type TrainStep } from './train-step.ts';

const STATE_DIRECTORY = 'trainer_state';
const FORMAT = 1;
const RAW_WEIGHTS = 'weights.safetensors';
/** The whole model as ComfyUI and A1111 read it. */
export const SINGLE_FILE = join('single-file', 'model.safetensors');

export interface TrainerState {
  readonly globalStep: number;
  readonly optimizerStep: number;
  /** With mixed precision. */
  readonly lossScale?: LossScaleState | undefined;
  readonly config: StyleForgeConfig;
  /** Of the validations so far. */
  readonly scores?: readonly ValidationScore[];
}

function* entriesOf(buffers: ParameterBuffers, prefix: string): Generator<TensorEntry> {
  for (const { name, shape } of buffers.specs) {
    if (name.startsWith(prefix)) yield { name: name.slice(prefix.length), shape: [...shape], data: buffers.get(name) };
  }
}

/** What a checkpoint holds beside the weights that are trained. */
export interface CheckpointExtras {
  /** The averaged weights: these are the model's then, and the raw ones go to the trainer's state. */
  readonly ema?: ParameterBuffers | undefined;
  /** Writes the single file too, where the model has one. */
  readonly singleFile?: boolean;
}

async function writeArrays(path: string, arrays: NamedArrays): Promise<void> {
  function* entries(): Generator<TensorEntry> {
    for (const { name, shape } of arrays.specs) yield { name, shape: [...shape], data: () => arrays.read(name) };
  }
  await writeSafetensors(path, entries(), { dtype: 'F32' });
}

/**
 * Writes everything beside `directory` and renames, so that no reader sees half of it. Weights are float32: what a resumed
 * run reads is bit for bit what this run holds.
 */
export async function writeCheckpoint(
  directory: string,
  baseModelDirectory: string,
  trainStep: TrainStep,
  state: TrainerState,
  { ema, singleFile = false }: CheckpointExtras = {},
): Promise<void> {
  await mkdir(dirname(directory), { recursive: true });
  const scratch = await mkdtemp(`${directory}.partial-`);
  const model = join(scratch, 'model');
  const exported = ema ?? trainStep.weights;
  const trainsText = trainStep.weights.specs.some(({ name }) => name.startsWith(TEXT_ENCODER_PREFIX));
  await writeDiffusersFolder(
    model,
    {
      base: baseModelDirectory,
      components: {
        unet: { weights: entriesOf(exported, UNET_PREFIX) },
        ...(trainsText ? { text_encoder: { weights: entriesOf(exported, TEXT_ENCODER_PREFIX) } } : {}),
      },
    },
    { dtype: 'F32' },
  );
  const stateDirectory = join(model, STATE_DIRECTORY);
  await mkdir(stateDirectory);
  await writeArrays(join(stateDirectory, 'first_moment.safetensors'), trainStep.optimizer.firstMoment);
  await writeArrays(join(stateDirectory, 'second_moment.safetensors'), trainStep.optimizer.secondMoment);
  if (ema) await writeArrays(join(stateDirectory, RAW_WEIGHTS), new Float32Arrays(trainStep.weights));
  if (singleFile && (await singleFileObstacle(model)) === null) {
    await mkdir(dirname(join(model, SINGLE_FILE)));
    await writeSingleFile(join(model, SINGLE_FILE), model);
  }
  await writeFile(
    join(stateDirectory, 'trainer_state.json'),
    `${JSON.stringify({ format: FORMAT, ema: ema !== undefined, ...state }, null, 2)}\n`,
  );
  await rm(directory, { recursive: true, force: true });
  await rename(model, directory);
  await rm(scratch, { recursive: true });
}

async function readArrays(path: string, arrays: NamedArrays): Promise<void> {
  const reader = await SafetensorsReader.open(path);
  try {
    for (const { name, shape } of arrays.specs) {
      const values = new Float32Array(elementCount(shape));
      await reader.readInto(name, values);
      arrays.write(name, values);
    }
  } finally {
    await reader.close();
  }
}

/** Restores weights, moments and step, and the average where both the folder and the caller have one. Throws TrainingInputError when the folder is no checkpoint of this trainer. */
export async function restoreCheckpoint(directory: string, trainStep: TrainStep, ema?: ParameterBuffers): Promise<TrainerState> {
  const stateDirectory = join(directory, STATE_DIRECTORY);
  let state: TrainerState & { format: number; ema?: boolean };
  try {
    state = JSON.parse(await readFile(join(stateDirectory, 'trainer_state.json'), 'utf8')) as typeof state;
  } catch (error) {
    throw new TrainingInputError(`${directory} holds no trainer state to resume from: ${String(error)}`, { cause: error });
  }
  if (state.format !== FORMAT)
    throw new TrainingInputError(`${directory} was written in trainer state format ${state.format}; this version reads ${FORMAT}`);
  const folder = await readDiffusersFolder(directory);
  if (state.ema === true) await readArrays(join(stateDirectory, RAW_WEIGHTS), new Float32Arrays(trainStep.weights));
  else await loadTrainableWeights(folder, trainStep.weights);
  if (ema) await loadTrainableWeights(folder, ema);
  await readArrays(join(stateDirectory, 'first_moment.safetensors'), trainStep.optimizer.firstMoment);
  await readArrays(join(stateDirectory, 'second_moment.safetensors'), trainStep.optimizer.secondMoment);
  trainStep.optimizer.step = state.optimizerStep;
  if (state.lossScale) trainStep.lossScale?.restore(state.lossScale);
  return state;
}
