// Where sampling steps lie on the training timeline (arXiv 2305.08891, table 2), with numpy's arithmetic.
import type { TimestepSpacing } from './scheduler-config.ts';

/** Half to even, as numpy rounds. */
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

/** numpy.arange(start, 0, -step), whose increment is the difference of the first two values, without the value that rounding adds. */
function descendingRange(start: number, step: number, atMost: number): number[] {
  const increment = start - step - start;
  return Array.from({ length: Math.min(Math.ceil(start / step), atMost) }, (_, i) => start + i * increment);
}

export interface Spacing {
  spacing: TimestepSpacing;
  numTrainTimesteps: number;
  stepsOffset: number;
  /** One past the last timestep that may be used; below numTrainTimesteps only when noisy steps are cut off. */
  lastTimestep?: number;
}

/** Ascending, for one-step samplers: n steps, the last of them onto the clean sample. */
export function ascendingTimesteps(steps: number, { spacing, numTrainTimesteps, stepsOffset }: Spacing): number[] {
  switch (spacing) {
    case 'linspace':
      return linspace(0, numTrainTimesteps - 1, steps).map(roundHalfToEven);
    case 'leading': {
      const ratio = Math.floor(numTrainTimesteps / steps);
      return Array.from({ length: steps }, (_, i) => i * ratio + stepsOffset);
    }
    case 'trailing':
      return trailing(steps, numTrainTimesteps, numTrainTimesteps).reverse();
  }
}

/** Descending, for multistep samplers: n + 1 points, of which the one at zero is left to the final sigma. */
export function descendingTimesteps(steps: number, spacing: Spacing): number[] {
  const last = spacing.lastTimestep ?? spacing.numTrainTimesteps;
  switch (spacing.spacing) {
    case 'linspace':
      return linspace(0, last - 1, steps + 1)
        .map(roundHalfToEven)
        .slice(1)
        .reverse();
    case 'leading': {
      const ratio = Math.floor(last / (steps + 1));
      return Array.from({ length: steps }, (_, i) => (steps - i) * ratio + spacing.stepsOffset);
    }
    case 'trailing':
      return trailing(steps, spacing.numTrainTimesteps, last);
  }
}

export function trailing(steps: number, numTrainTimesteps: number, last: number): number[] {
  return descendingRange(last, numTrainTimesteps / steps, steps).map((timestep) => roundHalfToEven(timestep) - 1);
}
