// The cost of generating images: the unit of each project's budgets for unfinished generations and evaluations.

/** Minimum cost of a request, because even the smallest one takes a row and a place in the queue. */
const LEAST_COST = 10;

export type SampledImages = {
  images: number;
  width: number;
  height: number;
  steps: number /** Runs of the model in each step. */;
  passes: number;
};

/** Passes of the model in each step: two with guidance (above 1), else one. */
export const passesOf = (guidanceScale: number): number => (guidanceScale > 1 ? 2 : 1);

/** The cost: megapixels x sampler steps x passes of the model, summed over the images. */
export function costOfImages({ images, width, height, steps, passes }: SampledImages): number {
  return Math.max(LEAST_COST, (images * width * height * steps * passes) / 1e6);
}

/** The largest value of one factor of the cost that stays within the budget if the other factors do not change. Below 1: no value does. */
export function largestAffordable(value: number, cost: number, budget: number): number {
  return Math.floor((value * budget) / cost);
}
