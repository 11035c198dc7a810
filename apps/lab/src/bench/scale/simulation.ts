// Settings of the load from the command line.
import { readCommandLine } from '../../command-line.ts';
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

const HELP: Readonly<Record<keyof Simulation, string>> = {
  jobs: 'submitted jobs',
  projects: 'projects that submit them',
  apis: 'API processes',
  workers: 'worker processes',
  jobsAtATime: 'jobs that a worker runs at the same time',
  steps: 'simulated steps of a job',
  stepMs: 'milliseconds of a simulated step',
  callers: 'callers that submit and poll',
  minutes: 'time until the measurement is given up',
};

export function simulationOf(args: string[]): Simulation {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => {
      return [name, { type: 'string' as const, default: String(value), help: HELP[name as keyof Simulation] }];
    }),
  );
  const about = 'Runs APIs, Redis, Postgres and workers with simulated training on this machine, with many projects and jobs.';
  const { values } = readCommandLine({ usage: 'npm run bench -- scale', about, options, args });
  const numbers = Object.entries(values).map(
    ([name, value]) => [name, numberOption(name, String(value), name === 'minutes' ? { least: 0.1, fraction: true } : {})] as const,
  );
  return { ...defaults, ...Object.fromEntries(numbers) };
}

export const argumentsOf = (simulation: Simulation) => Object.entries(simulation).flatMap(([name, value]) => [`--${name}`, String(value)]);
