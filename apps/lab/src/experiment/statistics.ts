// Mean and spread of an experiment's results.
import { type CellResult } from './run-cell.ts';

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Standard deviation of the sample; null for a single value. */
export function deviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}

export const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** Value of a metric; KID is multiplied by 1000, as it is printed. */
export function valueOf({ block }: CellResult, name: string): number {
  const found = block.values.find((value) => value.name === name);
  if (!found) throw new Error(`a result has no ${name}`);
  return found.timesThousand ?? found.value;
}
