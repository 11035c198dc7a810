// What generating images costs: the unit of the budgets that each project has for its unfinished generations and evaluations.

/** Least cost of a request: even the smallest takes a place in the queue and a row. */
const LEAST_COST = 10;

export type SampledImages = {
  images: number;
  width: number;
  height: number;
  steps: number /** Runs of the model in each step. */;
  passes: number;
};

/** Guidance (above 1) runs the model twice in each step. */
export const passesOf = (guidanceScale: number): number => (guidanceScale > 1 ? 2 : 1);

/** Million pixels times steps of the sampler times passes of the model, of all images together. */
export function costOfImages({ images, width, height, steps, passes }: SampledImages): number {
  return Math.max(LEAST_COST, (images * width * height * steps * passes) / 1e6);
}

/** The largest value of a factor of the cost that keeps it within the budget while the others stay as they are; below 1: none does. */
export function largestAffordable(value: number, cost: number, budget: number): number {
  return Math.floor((value * budget) / cost);
}
