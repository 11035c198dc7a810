// Settings of the load from the command line.
import { parseArgs } from 'node:util';
import { numberOption } from '../../options.ts';

export interface Simulation {
  jobs: number;
  projects: number;
  apis: number;
  workers: number;
  jobsAtATime: number;
  steps: number;
  stepMs: number;
  callers: number;
  minutes: number;
}

const defaults: Simulation = {
  jobs: 10_000,
  projects: 20,
  apis: 2,
  workers: 2,
  jobsAtATime: 16,
  steps: 20,
  stepMs: 10,
  callers: 16,
  minutes: 10,
};

export function simulationOf(args: string[]): Simulation {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, { type: 'string' as const, default: String(value) }]),
  );
  const { values } = parseArgs({ args, options });
  const numbers = Object.entries(values).map(
    ([name, value]) => [name, numberOption(name, String(value), name === 'minutes' ? { least: 0.1, fraction: true } : {})] as const,
  );
  return { ...defaults, ...Object.fromEntries(numbers) };
}

export const argumentsOf = (simulation: Simulation) => Object.entries(simulation).flatMap(([name, value]) => [`--${name}`, String(value)]);
