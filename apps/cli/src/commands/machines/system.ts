// `styleforge system`, `queue` and `usage`: show the installation, the waiting work, and what the project has used.
import type { Command } from 'commander';
import { formatDuration, formatTime } from '../../terminal/output.ts';
import { addVerb } from '../../verb.ts';

export function addSystemCommands(program: Command): void {
  addVerb(program, {
    usage: 'system',
    description: 'Show the state of the installation: version, dependencies, base models, workers',
    examples: ['styleforge system'],
    async run({ client, output }) {
      const system = await client().system.get();
      const { workers } = system;
      output.result(system, () =>
        output.details([
          ['version', `${system.version}, Node ${system.node}, ${system.platform}`],
          ['status', system.status],
          ...Object.entries(system.dependencies).map(([name, { status }]): [string, string] => [name.replaceAll('_', ' '), status]),
          ['base models', system.base_models.join(', ')],
          ['workers', `${workers.live} live, ${workers.working} working, ${workers.draining} draining, ${workers.lost} lost`],
          ['devices', counts(system.devices)],
          ['worker versions', counts(system.versions)],
        ]),
      );
    },
  });
  addVerb(program, {
    usage: 'queue',
    description: 'Show the length of the queues, their workers, and the waiting work of the project',
    examples: ['styleforge queue'],
    async run({ client, output }) {
      const report = await client().system.queue();
      output.result(report, () => {
        const queues = report.queues.map((queue) => [
          queue.queue,
          `${queue.own_waiting} of ${queue.waiting}`,
          `${queue.own_running} of ${queue.running}`,
          `${queue.workers} (${queue.slots} at a time)`,
          formatTime(queue.oldest_waiting_since),
        ]);
        output.table(['QUEUE', 'WAITING', 'RUNNING', 'WORKERS', 'OLDEST'], queues, '');
        if (report.next.length === 0) return;
        output.line();
        const next = report.next.map(({ queue, id, position, priority, since }) => [id, queue, position, priority, formatTime(since)]);
        output.table(['NEXT', 'QUEUE', 'BEFORE IT', 'PRIORITY', 'SINCE'], next, '');
      });
    },
  });
  addVerb(program, {
    usage: 'usage',
    description: 'Show what the project has used in a month: device time, steps, images',
    examples: ['styleforge usage', 'styleforge usage --month 2026-11'],
    options: (command) => void command.option('--month <month>', 'month in UTC, such as 2026-11; default: the current month'),
    async run({ client, output }, { month }: { month?: string }) {
      const report = await client().system.usage(month === undefined ? {} : { month });
      output.result(report, () => {
        const rows = [...report.by_kind, { kind: 'total', device: '', ...report.total }].map((row) => [
          row.kind.replaceAll('_', ' '),
          row.device,
          formatDuration(row.device_seconds),
          row.steps,
          row.images,
        ]);
        output.table([report.month, 'DEVICE', 'DEVICE TIME', 'STEPS', 'IMAGES'], rows, '');
      });
    },
  });
}

const counts = (tally: Record<string, number>): string =>
  Object.entries(tally)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
