// Where a run begins: the values that its adaptation starts from, or those of the checkpoint to resume from.
import { type ParameterBuffers } from '@styleforge/runtime';
import { type Adaptation } from './adaptations/adaptation.ts';
import { restoreCheckpoint } from './checkpoint.ts';
import { type StyleForgeConfig } from './config.ts';
import { EarlyStopping, type ValidationScore } from './early-stopping.ts';
import { type TrainStep } from './train-step.ts';

export interface StartingState {
  readonly globalStep: number;
  readonly ema: ParameterBuffers | undefined;
  readonly earlyStopping: EarlyStopping | undefined;
}

export async function startingState(
  { config, resumeFrom }: { readonly config: StyleForgeConfig; readonly resumeFrom?: string },
  adaptation: Adaptation,
  { program }: TrainStep,
): Promise<StartingState> {
  const stopping = (scores?: readonly ValidationScore[]): EarlyStopping | undefined =>
    config.early_stopping ? new EarlyStopping(config.early_stopping, scores) : undefined;
  const ema = config.hyperparameters.ema ? program.weights.beside(Float32Array) : undefined;
  if (resumeFrom === undefined) {
    await adaptation.initialize(program.weights);
    ema?.copyFrom(program.weights);
    return { globalStep: 0, ema, earlyStopping: stopping() };
  }
  const { globalStep, scores } = await restoreCheckpoint(resumeFrom, { adaptation, program, ema });
  return { globalStep, ema, earlyStopping: stopping(scores) };
}
