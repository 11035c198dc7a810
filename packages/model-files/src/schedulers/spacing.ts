// Positions of the sampling steps among the training timesteps (arXiv 2305.08891, table 2), with numpy's arithmetic.
import type { TimestepSpacing } from './scheduler-config.ts';

/** Rounds half to even, like numpy. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

export function linspace(start: number, end: number, count: number): number[] {
  const step = (end - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => {
    if (i === 0) return start;
    return i === count - 1 ? end : start + i * step;
  });
}

/** numpy.arange(start, 0, -step): its increment is the difference of the first two values. Omits the value that rounding adds. */
function descendingRange(start: number, step: number, atMost: number): number[] {
  const increment = start - step - start;
  return Array.from({ length: Math.min(Math.ceil(start / step), atMost) }, (_, i) => start + i * increment);
}

export interface Spacing {
  spacing: TimestepSpacing;
  numTrainTimesteps: number;
  stepsOffset: number;
  /** One more than the last usable timestep; less than numTrainTimesteps only if noisy steps are cut off. */
  lastTimestep?: number;
}

/** The offset, reduced if the noisiest step would exceed the last timestep, as with as many steps as there are timesteps. */
const fittingOffset = (noisiest: number, { stepsOffset, lastTimestep, numTrainTimesteps }: Spacing): number =>
  Math.min(stepsOffset, (lastTimestep ?? numTrainTimesteps) - 1 - noisiest);

/** Removes equal steps, which would change nothing. */
const distinct = (timesteps: readonly number[]): number[] => [...new Set(timesteps.map((timestep) => Math.max(0, timestep)))];

/** Evenly spaced with whole strides from a small offset, descending. */
export function leading(steps: number, ratio: number, first: number, spacing: Spacing): number[] {
  const offset = fittingOffset((first + steps - 1) * ratio, spacing);
  return Array.from({ length: steps }, (_, i) => (first + steps - 1 - i) * ratio + offset);
}

/** Ascending timesteps of one-step samplers: n steps, the last of which gives the clean sample. */
export function ascendingTimesteps(steps: number, spacing: Spacing): number[] {
  const { numTrainTimesteps } = spacing;
  switch (spacing.spacing) {
    case 'linspace':
      return linspace(0, numTrainTimesteps - 1, steps).map(roundHalfToEven);
    case 'leading':
      return leading(steps, Math.floor(numTrainTimesteps / steps), 0, spacing).reverse();
    case 'trailing':
      return trailing(steps, numTrainTimesteps, numTrainTimesteps).reverse();
  }
}

/**
 * Descending timesteps of multistep samplers: n + 1 points, of which the one at zero belongs to the final sigma; fewer if two would be
 * equal.
 */
export function descendingTimesteps(steps: number, spacing: Spacing): number[] {
  const last = spacing.lastTimestep ?? spacing.numTrainTimesteps;
  switch (spacing.spacing) {
    case 'linspace':
      return distinct(
        linspace(0, last - 1, steps + 1)
          .map(roundHalfToEven)
          .slice(1)
          .reverse(),
      );
    case 'leading':
      return distinct(leading(steps, Math.max(1, Math.floor(last / (steps + 1))), 1, spacing));
    case 'trailing':
      return distinct(trailing(steps, spacing.numTrainTimesteps, last));
  }
}

export function trailing(steps: number, numTrainTimesteps: number, last: number): number[] {
  return descendingRange(last, numTrainTimesteps / steps, steps).map((timestep) => roundHalfToEven(timestep) - 1);
}
