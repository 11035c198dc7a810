// A local checkpoint: the adaptation's files, beside what a resumed run needs.
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { elementCount } from '@styleforge/autodiff';
import {
  Float32Arrays,
  type LossScaleState,
  type NamedArrays,
  type ParameterBuffers,
  Prodigy,
  type ProdigyState,
  type TrainingProgram,
} from '@styleforge/runtime';
import { SafetensorsReader, writeSafetensors, type TensorEntry } from '@styleforge/weights';
import { type Adaptation, type WrittenFiles } from '../adaptations/adaptation.ts';
import { adaptationOf } from '../adaptations/create-adaptation.ts';
import { type StyleForgeConfig, TrainingInputError } from '../config.ts';
import { type ValidationScore } from './early-stopping.ts';

const STATE_DIRECTORY = 'trainer_state';
const FORMAT = 1;
const RAW_WEIGHTS = 'weights.safetensors';
const AVERAGE = 'average.safetensors';

export interface TrainerState {
  readonly globalStep: number;
  readonly optimizerStep: number;
  /** State of the loss scale, with mixed precision. */
  readonly lossScale?: LossScaleState | undefined;
  /** State of the optimizer Prodigy. */
  readonly prodigy?: ProdigyState | undefined;
  readonly config: StyleForgeConfig;
  /** What the base model's files were when the run began. Checkpoints of earlier versions do not say. */
  readonly baseModel?: string;
  /** Scores of the validations so far. */
  readonly scores?: readonly ValidationScore[];
}

/** What a run trains, as a checkpoint keeps it. */
export interface Trained {
  readonly adaptation: Adaptation;
  readonly program: Pick<TrainingProgram<string>, 'weights' | 'optimizer' | 'lossScale'>;
  /** The averaged weights: these are the model's then. */
  readonly ema?: ParameterBuffers | undefined;
}

async function writeArrays(path: string, arrays: NamedArrays): Promise<void> {
  function* entries(): Generator<TensorEntry> {
    for (const { name, shape } of arrays.specs) yield { name, shape: [...shape], data: () => arrays.read(name) };
  }
  await writeSafetensors(path, entries(), { dtype: 'F32' });
}

/** Weights that the adaptation's own files do not hold exactly. */
function weightsOfState({ adaptation, program, ema }: Trained): [string, ParameterBuffers][] {
  return [
    ...(ema || !adaptation.restore ? [[RAW_WEIGHTS, program.weights] as [string, ParameterBuffers]] : []),
    ...(ema && !adaptation.restore ? [[AVERAGE, ema] as [string, ParameterBuffers]] : []),
  ];
}

/** Writes everything beside `directory` and renames, so that no reader sees half of it. */
export async function writeCheckpoint(directory: string, trained: Trained, state: TrainerState, files: WrittenFiles): Promise<void> {
  const { adaptation, program, ema } = trained;
  await mkdir(dirname(directory), { recursive: true });
  const scratch = await mkdtemp(`${directory}.partial-`);
  const model = join(scratch, 'model');
  await adaptation.write(model, ema ?? program.weights, files);
  const stateDirectory = join(model, STATE_DIRECTORY);
  await mkdir(stateDirectory);
  for (const [name, arrays] of Object.entries(program.optimizer.arrays))
    await writeArrays(join(stateDirectory, `${name}.safetensors`), arrays);
  for (const [name, weights] of weightsOfState(trained)) await writeArrays(join(stateDirectory, name), new Float32Arrays(weights));
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

type StoredState = TrainerState & { format: number; ema?: boolean };

async function readState(directory: string): Promise<StoredState> {
  let state: StoredState;
  try {
    state = JSON.parse(await readFile(join(directory, STATE_DIRECTORY, 'trainer_state.json'), 'utf8')) as StoredState;
  } catch (error) {
    throw new TrainingInputError(`${directory} holds no trainer state to resume from: ${String(error)}`, { cause: error });
  }
  if (state.format !== FORMAT)
    throw new TrainingInputError(`${directory} was written in trainer state format ${state.format}; this version reads ${FORMAT}`);
  return state;
}

/** Restores weights, moments and step, and the average where both the folder and the caller have one. Throws TrainingInputError when the folder is no checkpoint of this trainer. */
export async function restoreCheckpoint(directory: string, { adaptation, program, ema }: Trained): Promise<TrainerState> {
  const stateDirectory = join(directory, STATE_DIRECTORY);
  const state = await readState(directory);
  const fromState = (name: string, weights: ParameterBuffers): Promise<void> =>
    readArrays(join(stateDirectory, name), new Float32Arrays(weights));
  const kind = adaptationOf(state.config).kind;
  if (kind !== adaptation.kind)
    throw new TrainingInputError(`${directory} is a checkpoint of the adaptation '${kind}', not of '${adaptation.kind}'`);
  const { restore } = adaptation;
  if (restore && state.ema !== true) await restore(directory, program.weights);
  else await fromState(RAW_WEIGHTS, program.weights);
  if (ema && restore) await restore(directory, ema);
  else if (ema) await fromState(state.ema === true ? AVERAGE : RAW_WEIGHTS, ema);
  for (const [name, arrays] of Object.entries(program.optimizer.arrays))
    await readArrays(join(stateDirectory, `${name}.safetensors`), arrays);
  program.optimizer.step = state.optimizerStep;
  if (state.prodigy && program.optimizer instanceof Prodigy) program.optimizer.restore(state.prodigy);
  if (state.lossScale) program.lossScale?.restore(state.lossScale);
  return state;
}
