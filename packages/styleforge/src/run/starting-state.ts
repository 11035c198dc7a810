// The starting state of a run: the initial values of its adaptation, or those of a checkpoint.
import { fingerprintOf } from '@styleforge/model-files';
import { type ParameterBuffers } from '@styleforge/runtime';
import { type Adaptation } from '../adaptations/adaptation.ts';
import { restoreCheckpoint } from './checkpoint.ts';
import { type StyleForgeConfig, TrainingInputError } from '../config.ts';
import { EarlyStopping, type ValidationScore } from './early-stopping.ts';
import { type TrainStep } from '../loss/train-step.ts';

export interface StartingState {
  readonly globalStep: number;
  readonly ema: ParameterBuffers | undefined;
  readonly earlyStopping: EarlyStopping | undefined;
}

/** Fingerprint of the model's files, without title and model card, which may change. */
export const fingerprintOfBase = (directory: string): Promise<string> =>
  fingerprintOf(directory, (path) => !/^(README\.md|styleforge\.json|\.)/.test(path));

/** Throws if the base model has changed, because the trained weights would not fit its frozen parts. */
function requireSameBase(begun: string | undefined, now: string): void {
  if (begun === undefined || begun === now) return;
  throw new TrainingInputError(
    'base_model: another model has been installed under this name since the job began; install the earlier one again, or start a new job',
    { code: 'unsupported_base_model' },
  );
}

/** `baseModel`: fingerprint of the current base model. */
export async function startingState(
  { config, resumeFrom }: { readonly config: StyleForgeConfig; readonly resumeFrom?: string },
  adaptation: Adaptation,
  program: TrainStep,
  baseModel: string,
): Promise<StartingState> {
  const stopping = (scores?: readonly ValidationScore[]): EarlyStopping | undefined =>
    config.early_stopping ? new EarlyStopping(config.early_stopping, scores) : undefined;
  const ema = config.hyperparameters.ema ? program.weights.beside(Float32Array) : undefined;
  if (resumeFrom === undefined) {
    await adaptation.initialize(program.weights);
    ema?.copyFrom(program.weights);
    return { globalStep: 0, ema, earlyStopping: stopping() };
  }
  const { globalStep, scores, baseModel: begun } = await restoreCheckpoint(resumeFrom, { adaptation, program, ema });
  requireSameBase(begun, baseModel);
  return { globalStep, ema, earlyStopping: stopping(scores) };
}
