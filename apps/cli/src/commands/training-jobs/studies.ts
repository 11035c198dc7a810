// `styleforge studies`: starts, follows, shows and cancels studies, which compare variations of one job.
import { shownMetric, shownName } from '@styleforge/contracts';
import type { Study, StudyCreateParams } from '@styleforge/sdk';
import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { untilInterrupted } from '../../follow.ts';
import { formatDuration, formatTime } from '../../terminal/output.ts';
import type { Output } from '../../terminal/output.ts';
import { addVerb, limitOption } from '../../verb.ts';
import { readBody } from './job-file.ts';

export function addStudyCommands(program: Command): void {
  const studies = program.command('studies').description('Manage studies: variations of one job, compared with each other');
  addVerb(studies, {
    usage: 'create <file>',
    description: 'Start a study from a YAML or JSON file with the fields of POST /v1/studies, and follow it',
    examples: ['styleforge studies create study.yaml', 'styleforge studies create study.yaml --detach'],
    options: (command) => void command.option('-d, --detach', 'return immediately instead of following the study'),
    async run(context, { detach }: { detach?: boolean }, file: string) {
      const created = await context.client().studies.create((await readBody(file)) as StudyCreateParams);
      context.output.note(`${created.id}  ${created.report.length} variations`);
      const study = detach ? created : await follow(context, created.id);
      context.output.result(study, () => showStudy(context.output, study));
    },
  });
  addVerb(studies, {
    usage: 'list',
    description: 'List studies, newest first',
    examples: ['styleforge studies list'],
    options: (command) => void command.addOption(limitOption()),
    async run({ client, output }, { limit }: { limit: number }) {
      const { data, has_more, next } = await client().studies.list({ limit });
      output.result({ data, has_more, next }, () =>
        output.table(
          ['ID', 'NAME', 'STATUS', 'CREATED'],
          data.map(({ id, name, status, created_at }) => [id, name, status, formatTime(created_at)]),
          'There are no studies yet.',
        ),
      );
    },
  });
  addVerb(studies, {
    usage: 'show <study>',
    description: 'Show a study with its comparison',
    examples: ['styleforge studies show study_...'],
    async run({ client, output }, _options, id: string) {
      const study = await client().studies.get(id);
      output.result(study, () => showStudy(output, study));
    },
  });
  addVerb(studies, {
    usage: 'cancel <study>',
    description: 'Cancel the jobs of a study that have not ended',
    examples: ['styleforge studies cancel study_...'],
    async run({ client, output }, _options, id: string) {
      const study = await client().studies.cancel(id);
      output.result(study, () => showStudy(output, study));
    },
  });
}

function follow({ client, output }: Context, id: string): Promise<Study> {
  return untilInterrupted(`styleforge studies show ${id}`, (signal) => {
    const onProgress = ({ report }: Study) => {
      const ended = report.filter(({ status }) => ['succeeded', 'failed', 'cancelled'].includes(status)).length;
      output.note(`${ended} of ${report.length} variations have ended`);
    };
    return client().studies.waitFor(id, { signal, pollInterval: 2_000, onProgress });
  });
}

const OUTCOMES = {
  took_hold: 'took hold',
  subjects_suffer: 'subjects suffer',
  collapsed: 'collapsed',
  did_not_take_hold: 'did not take hold',
} as const;

function showStudy(output: Output, { id, name, status, report, leaders }: Study): void {
  output.details([
    ['id', id],
    ['name', name],
    ['status', status],
  ]);
  output.line();
  const evaluated = report.some(({ evaluation }) => evaluation !== null);
  const metrics = report.flatMap(({ evaluation }) => evaluation?.metrics ?? []).map((metric) => metric.name);
  const columns = [...new Set(metrics)];
  const rows = report.map((row) => [
    row.name,
    row.status,
    ...(evaluated ? [row.evaluation?.outcome ? OUTCOMES[row.evaluation.outcome] : null] : []),
    ...columns.map((column) => shownValue(row, column)),
    row.final_step,
    row.style_ref_loss?.toFixed(4),
    row.aux_loss?.toFixed(4),
    row.seconds === null ? null : formatDuration(row.seconds),
    row.training_job_id,
  ]);
  const headings = ['VARIATION', 'STATUS', ...(evaluated ? ['OUTCOME'] : []), ...columns.map(shownHeading)];
  output.table([...headings, 'STEPS', 'STYLE LOSS', 'AUX LOSS', 'TOOK', 'JOB'], rows, 'The study has no variations.');
  if (leaders.length === 0) return;
  output.line('\nBest by metric:');
  for (const leader of leaders)
    output.line(`  ${leader.metric}: ${leader.name}, step ${leader.step} (${shownMetric(metricOf(leader.metric, leader.value))})`);
}

type Row = Study['report'][number];
const kindOf = (name: string) => name.split('@')[0] as 'kid' | 'fid' | 'clip';
const metricOf = (name: string, value: number) => ({ metric: kindOf(name), name, value });
const shownHeading = (name: string): string => shownName(metricOf(name, 0));

function shownValue({ evaluation }: Row, name: string): string | null {
  const found = evaluation?.metrics.find((metric) => metric.name === name);
  return found ? shownMetric(metricOf(name, found.value)) : null;
}
