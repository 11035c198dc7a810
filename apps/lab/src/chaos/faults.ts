// Faults of a running stack: each selects its target when it is applied, and is over when its promise resolves.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Choices } from './random.ts';
import { childrenOf, pause, signal } from './processes.ts';
import type { Side } from './other-version.ts';
import type { ChaosStack } from './stack.ts';
import type { Line } from './tcp-proxy.ts';

export interface Fault {
  name: string;
  /** Whether running work restarts from what it has saved. The service rightly gives work up after three restarts without new results. */
  endsWork?: boolean;
  /** Applies the fault; false when there was nothing to apply it to. */
  strike(stack: ChaosStack, choices: Choices): Promise<boolean>;
}

const kill = (pid: number | undefined) => pid !== undefined && signal(pid, 'SIGKILL');
const pauseMs = (choices: Choices) => Math.round(choices.between(500, 15_000));

const ofSide = ({ name, workerPid, apiPid }: Side): Fault[] => [
  { name: `kill ${name}worker`, endsWork: true, strike: async () => kill(workerPid()) },
  { name: `kill ${name}API`, strike: async () => kill(apiPid()) },
  {
    name: `kill ${name}child`,
    endsWork: true,
    async strike(_stack, choices) {
      const children = await childrenOf(workerPid() ?? 0);
      return children.length > 0 && kill(choices.of(children));
    },
  },
  { name: `pause ${name}worker`, endsWork: true, strike: async (_stack, choices) => pause(workerPid() ?? 0, pauseMs(choices)) },
  { name: `pause ${name}API`, strike: async (_stack, choices) => pause(apiPid() ?? 0, pauseMs(choices)) },
];

const everywhere: Fault[] = [
  { name: 'kill Postgres', strike: async (stack) => kill(await stack.postgresPid()) },
  { name: 'pause Postgres', strike: async (stack, choices) => pause(await stack.postgresPid(), pauseMs(choices)) },
  {
    name: 'clock jump',
    async strike({ clock }, choices) {
      // Jumps up to a quarter of an hour in either direction, and then back, which is a jump, too.
      await clock.shiftBy(choices.between(-900, 900));
      await sleep(pauseMs(choices));
      await clock.shiftBy(0);
      return true;
    },
  },
  {
    name: 'full disk',
    endsWork: true,
    async strike({ disk }, choices) {
      if (disk === undefined) return false;
      await disk.fill();
      await sleep(choices.between(500, 20_000));
      await disk.free();
      return true;
    },
  },
];

type LineName = 'postgresLine' | 'redisLine' | 's3Line';

const onLine = (name: string, which: LineName, begin: (line: Line, choices: Choices) => void, end: (line: Line) => void): Fault => ({
  name,
  async strike({ remote }, choices) {
    if (remote === undefined) return false;
    begin(remote[which], choices);
    await sleep(pauseMs(choices));
    end(remote[which]);
    return true;
  },
});

const linesOf = (server: string, which: LineName): Fault[] => [
  onLine(
    `${server} cut off`,
    which,
    (line) => line.cut(true),
    (line) => line.cut(false),
  ),
  onLine(
    `${server} silent`,
    which,
    (line) => line.silence(true),
    (line) => line.silence(false),
  ),
  onLine(
    `${server} slow`,
    which,
    (line, choices) => line.slowBy(choices.between(20, 400)),
    (line) => line.slowBy(0),
  ),
];

const remoteOnly: Fault[] = [
  { name: 'kill Redis', strike: async ({ remote }) => remote !== undefined && remote.redis.restart(false).then(() => true) },
  { name: 'empty Redis', strike: async ({ remote }) => remote !== undefined && remote.redis.restart(true).then(() => true) },
  { name: 'pause Redis', strike: async ({ remote }, choices) => remote !== undefined && pause(remote.redis.pid(), pauseMs(choices)) },
  ...linesOf('Postgres', 'postgresLine'),
  ...linesOf('Redis', 'redisLine'),
  ...linesOf('S3', 's3Line'),
];

/** All faults that apply to this stack. */
export function faultsOf({ kind, disk, sides }: Pick<ChaosStack, 'kind' | 'disk' | 'sides'>): readonly Fault[] {
  const possible = [...sides.flatMap(ofSide), ...everywhere.filter(({ name }) => name !== 'full disk' || disk !== undefined)];
  return kind === 'redis' ? [...possible, ...remoteOnly] : possible;
}
