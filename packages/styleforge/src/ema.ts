// The exponential moving average of the weights: decay and arithmetic as diffusers' EMAModel has them.
import { moveTowards, type ParameterBuffers } from '@styleforge/runtime';

const MAX_DECAY = 0.9999;

/** Decay of update `step`, counted from 1: the first takes the weights as they are. */
export function emaDecayAt(step: number): number {
  return step <= 1 ? 0 : Math.min(MAX_DECAY, step / (9 + step));
}

/** average -= (1 - decay) * (average - weights), in float32; the average lies beside the weights. */
export function updateEma(average: ParameterBuffers, weights: ParameterBuffers, step: number): void {
  moveTowards(average, weights, 1 - emaDecayAt(step));
}
