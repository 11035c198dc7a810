// A local checkpoint: the adaptation's files, and the state that a resumed run needs.
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  Float32Arrays,
  type LossScaleState,
  type ParameterBuffers,
  Prodigy,
  type ProdigyState,
  type TrainingProgram,
} from '@styleforge/runtime';
import { type Adaptation, type WrittenFiles } from '../adaptations/adaptation.ts';
import { adaptationOf } from '../adaptations/create-adaptation.ts';
import { type StyleForgeConfig, TrainingInputError } from '../config.ts';
import { type ValidationScore } from './early-stopping.ts';
import { readState, writeState, type StateArrays } from './state-files.ts';

const STATE_DIRECTORY = 'trainer_state';
const FORMAT = 1;
const RAW_WEIGHTS = 'weights';
const AVERAGE = 'average';

export interface TrainerState {
  readonly globalStep: number;
  readonly optimizerStep: number;
  /** State of the loss scale, with mixed precision. */
  readonly lossScale?: LossScaleState | undefined;
  /** State of the optimizer Prodigy. */
  readonly prodigy?: ProdigyState | undefined;
  readonly config: StyleForgeConfig;
  /** Fingerprint of the base model's files at the start of the run; absent in checkpoints of earlier versions. */
  readonly baseModel?: string;
  /** Scores of the validations so far. */
  readonly scores?: readonly ValidationScore[];
}

/** The trained state of a run, as stored in a checkpoint. */
export interface Trained {
  readonly adaptation: Adaptation;
  readonly program: Pick<TrainingProgram<string>, 'weights' | 'optimizer' | 'lossScale'>;
  /** The averaged weights. If they exist, they are the model. */
  readonly ema?: ParameterBuffers | undefined;
}

/** Weights that the adaptation's own files do not contain exactly. */
function weightsOfState({ adaptation, program, ema }: Trained): StateArrays {
  return {
    ...((ema || !adaptation.restore) && { [RAW_WEIGHTS]: new Float32Arrays(program.weights) }),
    ...(ema && !adaptation.restore && { [AVERAGE]: new Float32Arrays(ema) }),
  };
}

/** Writes everything next to `directory` and renames it, so that no reader sees a part of it. */
export async function writeCheckpoint(directory: string, trained: Trained, state: TrainerState, files: WrittenFiles): Promise<void> {
  const { adaptation, program, ema } = trained;
  await mkdir(dirname(directory), { recursive: true });
  const scratch = await mkdtemp(`${directory}.partial-`);
  const model = join(scratch, 'model');
  await adaptation.write(model, ema ?? program.weights, files);
  const stateDirectory = join(model, STATE_DIRECTORY);
  await mkdir(stateDirectory);
  await writeState(stateDirectory, { ...program.optimizer.arrays, ...weightsOfState(trained) });
  await writeFile(
    join(stateDirectory, 'trainer_state.json'),
    `${JSON.stringify({ format: FORMAT, ema: ema !== undefined, ...state }, null, 2)}\n`,
  );
  await rm(directory, { recursive: true, force: true });
  await rename(model, directory);
  await rm(scratch, { recursive: true });
}

type StoredState = TrainerState & { format: number; ema?: boolean };

async function readFacts(directory: string): Promise<StoredState> {
  let state: StoredState;
  try {
    state = JSON.parse(await readFile(join(directory, STATE_DIRECTORY, 'trainer_state.json'), 'utf8')) as StoredState;
  } catch (error) {
    throw new TrainingInputError(`${directory} contains no trainer state to resume from: ${String(error)}`, { cause: error });
  }
  if (state.format !== FORMAT)
    throw new TrainingInputError(`${directory} was written in trainer state format ${state.format}; this version reads ${FORMAT}`);
  return state;
}

/**
 * Restores weights, moments and step, and the average if both the folder and the caller have one. Throws TrainingInputError if the folder
 * is not a checkpoint of this trainer.
 */
export async function restoreCheckpoint(directory: string, { adaptation, program, ema }: Trained): Promise<TrainerState> {
  const stateDirectory = join(directory, STATE_DIRECTORY);
  const state = await readFacts(directory);
  const fromState = (name: string, weights: ParameterBuffers): Promise<void> =>
    readState(stateDirectory, { [name]: new Float32Arrays(weights) });
  const kind = adaptationOf(state.config).kind;
  if (kind !== adaptation.kind)
    throw new TrainingInputError(`${directory} is a checkpoint of the adaptation '${kind}', not of '${adaptation.kind}'`);
  const { restore } = adaptation;
  if (restore && state.ema !== true) await restore(directory, program.weights);
  else await fromState(RAW_WEIGHTS, program.weights);
  if (ema && restore) await restore(directory, ema);
  else if (ema) await fromState(state.ema === true ? AVERAGE : RAW_WEIGHTS, ema);
  await readState(stateDirectory, program.optimizer.arrays);
  program.optimizer.step = state.optimizerStep;
  if (state.prodigy && program.optimizer instanceof Prodigy) program.optimizer.restore(state.prodigy);
  if (state.lossScale) program.lossScale?.restore(state.lossScale);
  return state;
}
