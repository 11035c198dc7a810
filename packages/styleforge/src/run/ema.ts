// The exponential moving average of the weights, with decay and arithmetic of diffusers' EMAModel.
import { type ParameterBuffers, type TrainingProgram } from '@styleforge/runtime';

const MAX_DECAY = 0.9999;

/** Decay of update `step`, counted from 1. The first update copies the weights; early ones average over fewer updates. */
export function emaDecayAt(step: number, most = MAX_DECAY): number {
  return step <= 1 ? 0 : Math.min(most, step / (9 + step));
}

/** average -= (1 - decay) * (average - weights), in float32, where the training keeps its weights and the average. */
export function updateEma(program: Pick<TrainingProgram<never>, 'moveAverage'>, average: ParameterBuffers, step: number): Promise<void> {
  return program.moveAverage(average, 1 - emaDecayAt(step));
}
