// `styleforge workers`: lists workers with their devices, and drains them before maintenance.
import { counted } from '@styleforge/contracts';
import type { Worker } from '@styleforge/sdk';
import type { Command } from 'commander';
import { formatBytes, formatTime } from '../../terminal/output.ts';
import { addVerb, limitOption } from '../../verb.ts';

type ListOptions = { gone?: boolean; limit: number };

export function addWorkerCommands(program: Command): void {
  const workers = program
    .command('workers')
    .description('List the workers with their machine, device and work; drain them before maintenance');
  addVerb(workers, {
    usage: 'list',
    description: 'List the workers of the installation',
    examples: ['styleforge workers list', 'styleforge workers list --gone'],
    options: (command) => void command.option('--gone', 'include stopped workers').addOption(limitOption()),
    async run({ client, output }, { gone = false, limit }: ListOptions) {
      const { data, has_more, next } = await client().workers.list({ limit, gone: gone ? 'true' : 'false' });
      const rows = data.map((worker) => [
        worker.id,
        worker.status,
        `${worker.host}:${worker.pid}`,
        deviceOf(worker),
        queuesOf(worker),
        worker.jobs.map(({ queue, id }) => id ?? queue).join(', '),
        formatTime(worker.last_seen_at),
      ]);
      output.result({ data, has_more, next }, () =>
        output.table(
          ['ID', 'STATE', 'WHERE', 'DEVICE', 'QUEUES', 'JOBS', 'SEEN'],
          rows,
          'No worker is running. Start one with `npm start`.',
        ),
      );
    },
  });
  addVerb(workers, {
    usage: 'show <worker>',
    description: 'Show a worker',
    examples: ['styleforge workers show wrk_...'],
    async run({ client, output }, _options, id: string) {
      const worker = await client().workers.get(id);
      output.result(worker, () => output.details(detailsOf(worker)));
    },
  });
  addVerb(workers, {
    usage: 'drain <worker>',
    description: 'Let a worker finish its jobs and take no further ones; needs a key with the scope admin',
    examples: ['styleforge workers drain wrk_...'],
    async run({ client, output }, _options, id: string) {
      const worker = await client().workers.drain(id);
      const left =
        worker.jobs.length > 0 ? `finishes ${counted(worker.jobs.length, 'job')}, then takes no further jobs` : 'takes no further jobs';
      output.result(worker, () => output.line(`${worker.id} ${left}`));
    },
  });
  addVerb(workers, {
    usage: 'undrain <worker>',
    description: 'Let a drained worker take jobs again; needs a key with the scope admin',
    examples: ['styleforge workers undrain wrk_...'],
    async run({ client, output }, _options, id: string) {
      const worker = await client().workers.undrain(id);
      output.result(worker, () => output.line(`${worker.id} takes jobs again`));
    },
  });
}

/** A device in words, such as `cuda, NVIDIA L4, 24.2 GB`. */
export function deviceOf({ device: { kind, name, memory_bytes: memory } }: Worker): string {
  return [kind, name, memory !== null && formatBytes(memory)].filter(Boolean).join(', ');
}

const queuesOf = ({ queues }: Worker): string =>
  Object.entries(queues)
    .map(([queue, jobs]) => `${queue}:${jobs}`)
    .join(' ');

function detailsOf(worker: Worker): [string, string][] {
  const { versions } = worker;
  return [
    ['id', worker.id],
    ['state', worker.status],
    ['machine', `${worker.host}, process ${worker.pid}`],
    ['device', deviceOf(worker)],
    ['versions', `StyleForge ${versions.styleforge}, Node ${versions.node}, ${versions.platform}`],
    ['queues', queuesOf(worker)],
    ['jobs', worker.jobs.map(({ queue, id, since }) => `${queue} ${id ?? '(of another project)'} since ${formatTime(since)}`).join('; ')],
    ['started', formatTime(worker.started_at)],
    ['last seen', formatTime(worker.last_seen_at)],
    ['drain', worker.drain_requested_at ? `requested ${formatTime(worker.drain_requested_at)}` : ''],
  ];
}
