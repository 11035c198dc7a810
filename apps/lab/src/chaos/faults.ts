// What is done to a running stack: each fault takes its target as it is at that moment.
import type { Choices } from './random.ts';
import { childrenOf, pause, signal } from './processes.ts';
import type { ChaosStack } from './stack.ts';

export interface Fault {
  name: string;
  /** Resolves when the fault is over; false when there was nothing to do it to. */
  strike(stack: ChaosStack, choices: Choices): Promise<boolean>;
}

const kill = (pid: number | undefined) => pid !== undefined && signal(pid, 'SIGKILL');
const pauseMs = (choices: Choices) => Math.round(choices.between(500, 15_000));

const everywhere: Fault[] = [
  { name: 'kill worker', strike: async ({ service }) => kill(service.workerPid()) },
  { name: 'kill API', strike: async ({ service }) => kill(service.apiPid()) },
  {
    name: 'kill child',
    async strike({ service }, choices) {
      const children = await childrenOf(service.workerPid() ?? 0);
      return children.length > 0 && kill(choices.of(children));
    },
  },
  { name: 'kill Postgres', strike: async (stack) => kill(await stack.postgresPid()) },
  { name: 'pause worker', strike: async ({ service }, choices) => pause(service.workerPid() ?? 0, pauseMs(choices)) },
  { name: 'pause API', strike: async ({ service }, choices) => pause(service.apiPid() ?? 0, pauseMs(choices)) },
  { name: 'pause Postgres', strike: async (stack, choices) => pause(await stack.postgresPid(), pauseMs(choices)) },
];

const redisOnly: Fault[] = [
  { name: 'kill Redis', strike: async ({ redis }) => redis !== undefined && redis.restart(false).then(() => true) },
  { name: 'empty Redis', strike: async ({ redis }) => redis !== undefined && redis.restart(true).then(() => true) },
  { name: 'pause Redis', strike: async ({ redis }, choices) => redis !== undefined && pause(redis.pid(), pauseMs(choices)) },
];

export const faultsOf = ({ kind }: ChaosStack): readonly Fault[] => (kind === 'redis' ? [...everywhere, ...redisOnly] : everywhere);
