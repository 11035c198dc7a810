// The exponential moving average of the weights: decay and arithmetic as diffusers' EMAModel has them.
import { type ParameterBuffers } from '@styleforge/runtime';

const MAX_DECAY = 0.9999;

/** Decay of update `step`, counted from 1: the first takes the weights as they are. */
export function emaDecayAt(step: number): number {
  return step <= 1 ? 0 : Math.min(MAX_DECAY, step / (9 + step));
}

/** average -= (1 - decay) * (average - weights), in float32. */
export function updateEma(average: ParameterBuffers, weights: ParameterBuffers, step: number): void {
  const share = Math.fround(1 - emaDecayAt(step));
  const current = weights.chunks();
  for (const values of average.chunks()) {
    const latest = current.next().value as Float32Array;
    for (let i = 0; i < values.length; i++) {
      const difference = Math.fround(values[i] - latest[i]);
      values[i] -= Math.fround(share * difference);
    }
  }
}
