// The exponential moving average of the weights: decay and arithmetic as diffusers' EMAModel has them.
import { type ParameterBuffers, type TrainingProgram } from '@styleforge/runtime';

const MAX_DECAY = 0.9999;

/** Decay of update `step`, counted from 1: the first takes the weights as they are, and early ones average over fewer. */
export function emaDecayAt(step: number, most = MAX_DECAY): number {
  return step <= 1 ? 0 : Math.min(most, step / (9 + step));
}

/** average -= (1 - decay) * (average - weights), in float32, where the training keeps its weights; the average is stored beside them. */
export function updateEma(program: Pick<TrainingProgram<never>, 'moveAverage'>, average: ParameterBuffers, step: number): Promise<void> {
  return program.moveAverage(average, 1 - emaDecayAt(step));
}
