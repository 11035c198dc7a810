// `styleforge share`: manages links to reports for people without an API key.
import type { Command } from 'commander';
import { formatTime } from '../../terminal/output.ts';
import { addVerb, numberOf } from '../../verb.ts';

interface ShareOptions {
  days?: string;
  forever?: boolean;
}

export function addShareCommands(program: Command): void {
  const share = program.command('share').description('Share a report by a link that anybody can open');
  addVerb(share, {
    usage: 'create <job-or-evaluation>',
    description: 'Create a link to a report; it is shown only once',
    examples: [
      'styleforge share create job_...',
      'styleforge share create eval_... --days 7',
      'styleforge share create eval_... --forever',
    ],
    options: (command) =>
      void command
        .option('--days <number>', 'days until the link expires; default: 30')
        .option('--forever', 'the link works until it is revoked'),
    async run({ client, output }, { days, forever }: ShareOptions, id: string) {
      const limit = forever ? null : numberOf('--days', days);
      const made = await client().reports.share(id, limit === undefined ? {} : { expires_in_days: limit });
      output.result(made, () => {
        output.line(made.url);
        output.note(made.expires_at ? `Works until ${formatTime(made.expires_at)}.` : 'Works until it is revoked.');
      });
    },
  });
  addVerb(share, {
    usage: 'list <job-or-evaluation>',
    description: 'List the valid links to a report',
    examples: ['styleforge share list job_...'],
    async run({ client, output }, _options, id: string) {
      const { data, has_more, next } = await client().reports.shares(id, { limit: 100 });
      const rows = data.map((link) => [
        link.id,
        `${link.hint}...`,
        formatTime(link.created_at),
        link.expires_at && formatTime(link.expires_at),
      ]);
      output.result({ data, has_more, next }, () =>
        output.table(['ID', 'LINK', 'MADE', 'EXPIRES'], rows, 'This report has no valid link.'),
      );
    },
  });
  addVerb(share, {
    usage: 'revoke <job-or-evaluation> [link]',
    description: 'Revoke a link (shr_...), or all links to a report',
    examples: ['styleforge share revoke job_...', 'styleforge share revoke eval_... shr_...'],
    async run({ client, output }, _options, id: string, link?: string) {
      await client().reports.unshare(id, link);
      output.result({ id, revoked: link ?? 'all' }, () =>
        output.line(link ? `${link} no longer works` : `No link works any more for the report of ${id}`),
      );
    },
  });
}
