// Formats a report as text and one table.
import { counted, shownInterval, shownMetric, shownName } from '@styleforge/contracts';
import type { Report, ReportMetric, ReportModel } from '@styleforge/sdk';
import type { Cell, Output } from '../../terminal/output.ts';

type Outcome = NonNullable<Report['verdict']['outcome']>;

const OUTCOME_TITLES: Record<Outcome, string> = {
  took_hold: '✓ Took hold',
  subjects_suffer: '! Took hold, but subjects suffer',
  collapsed: '✕ The model collapsed',
  did_not_take_hold: '○ Did not take hold',
};
const OUTCOME_STYLES = { took_hold: 'green', subjects_suffer: 'yellow', collapsed: 'red', did_not_take_hold: 'dim' } as const;

export function showReport(output: Output, report: Report): void {
  const { id, title, training_job_id, verdict, prompts, reference, models, overfitting } = report;
  output.line(output.style('bold', title));
  if (verdict.outcome !== null) output.line(output.style(OUTCOME_STYLES[verdict.outcome], OUTCOME_TITLES[verdict.outcome]));
  output.line(verdict.summary);
  output.line();
  output.details([
    ['report', id],
    ['job', training_job_id],
    [
      'prompts',
      `${prompts.list.length}${prompts.set ? ` of ${prompts.set}` : ''}, ${prompts.images_per_prompt} ` +
        `image${prompts.images_per_prompt === 1 ? '' : 's'} each`,
    ],
    [
      'reference',
      reference &&
        `${reference.name}, ${counted(reference.count, 'image')}${reference.trained_on ? ', the model was trained on them' : ''}`,
    ],
  ]);
  output.line();
  showMetrics(output, models);
  const seen = overfitting.filter(({ present }) => present === true);
  if (overfitting.length > 0)
    output.line(`\nSigns of overfitting: ${seen.length === 0 ? `none of ${overfitting.length} seen` : ''}`.trimEnd());
  for (const { sign, explanation } of seen) output.line(`  ${output.style('yellow', sign)}  ${explanation}`);
  list(output, '\nWhat it means:', verdict.points);
  list(output, '\nWhat to do next:', verdict.next);
  list(output, '\nCaveats:', verdict.cautions);
}

/** One row for each model, with the confidence intervals below the numbers. */
function showMetrics(output: Output, models: ReportModel[]): void {
  const columns = models[0]?.metrics ?? [];
  const headings = [
    'MODEL',
    ...columns.map((column) => `${shownName(column)} ${column.better === 'lower' ? '↓' : '↑'}`),
    'DIVERSITY',
    'COPIED',
  ];
  const rows = models.flatMap((model): Cell[][] => {
    const metrics = columns.map(({ name }) => model.metrics.find((metric) => metric.name === name));
    return [
      [
        model.label,
        ...metrics.map((metric) => metric && valueOf(output, metric, models)),
        model.diversity?.generated.toFixed(3),
        model.memorised && `${model.memorised.count}`,
      ],
      [' ', ...metrics.map((metric) => (metric && shownInterval(metric)) ?? ' '), ' ', ' '],
    ];
  });
  output.table(headings, rows, 'The evaluation requested no metric.');
}

/** Colors the best value of a column green. */
function valueOf(output: Output, metric: ReportMetric, models: ReportModel[]): string {
  const values = models.flatMap(({ metrics }) => metrics.filter(({ name }) => name === metric.name).map(({ value }) => value));
  const best = metric.better === 'lower' ? Math.min(...values) : Math.max(...values);
  return values.length > 1 && metric.value === best ? output.style('green', shownMetric(metric)) : shownMetric(metric);
}

function list(output: Output, heading: string, lines: string[]): void {
  if (lines.length === 0) return;
  output.line(heading);
  for (const line of lines) output.line(`  - ${line}`);
}
