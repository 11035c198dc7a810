// Random weights with the computing cost of real ones.
import { type ParameterBuffers } from '@styleforge/runtime';

/** A cheap generator: benchmarks need plausible magnitudes, not good randomness. */
export function fillRandom(weights: ParameterBuffers): void {
  let state = 1;
  for (const { name, shape } of weights.specs) {
    const values = weights.get(name);
    const scale = shape.length === 1 ? 0 : 2 / Math.sqrt(values.length / shape[0]);
    const offset = /norm.*weight$/.test(name) ? 1 : 0;
    for (let i = 0; i < values.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      values[i] = offset + (state / 2 ** 32) * scale;
    }
  }
}
