// The tables of an experiment as Markdown: mean and spread over the seeds, one table for each metric.
import { type CellResult } from './run-cell.ts';
import { deviation, mean, unique, valueOf } from './statistics.ts';

function cellText(results: readonly CellResult[], name: string): string {
  if (results.length === 0) return '';
  const values = results.map((result) => valueOf(result, name));
  const spread = deviation(values);
  return spread === null ? mean(values).toFixed(2) : `${mean(values).toFixed(2)} ± ${spread.toFixed(2)}`;
}

function metricTable(results: readonly CellResult[], name: string): string {
  const [variants, styles] = [unique(results.map(({ cell }) => cell.variant)), unique(results.map(({ cell }) => cell.style))];
  const row = (variant: string): string => {
    const own = results.filter(({ cell }) => cell.variant === variant);
    return `| ${[
      variant,
      ...styles.map((style) =>
        cellText(
          own.filter(({ cell }) => cell.style === style),
          name,
        ),
      ),
      mean(own.map((result) => valueOf(result, name))).toFixed(2),
    ].join(' | ')} |`;
  };
  const isKid = name.startsWith('kid');
  return [
    `**${name}${isKid ? ', times a thousand' : ''}** (${name.startsWith('clip') ? 'higher' : 'lower'} is better)`,
    '',
    `| | ${styles.join(' | ')} | all |`,
    `|---|${'---|'.repeat(styles.length + 1)}`,
    ...variants.map(row),
    '',
  ].join('\n');
}

const MEGABYTE = 1e6;

/** Cost of each method over all styles and seeds; times are comparable only on the same machine. */
function costTable(results: readonly CellResult[]): string[] {
  const trained = results.filter(({ training }) => training !== undefined);
  if (trained.length === 0) return [];
  const row = (variant: string): string => {
    const own = trained.filter(({ cell }) => cell.variant === variant).map(({ training }) => training!);
    return (
      `| ${variant} | ${(mean(own.map(({ bytes }) => bytes)) / MEGABYTE).toFixed(2)} | ` +
      `${mean(own.map(({ seconds }) => seconds)).toFixed(0)} |`
    );
  };
  return [
    '**Size and training time**',
    '',
    '| | MB | seconds |',
    '|---|---|---|',
    ...unique(trained.map(({ cell }) => cell.variant)).map(row),
    '',
  ];
}

/** One section for each experiment, with the conditions of its numbers. */
export function writeTables(results: readonly CellResult[]): string {
  return unique(results.map(({ cell }) => cell.experiment))
    .map((experiment) => {
      const own = results.filter(({ cell }) => cell.experiment === experiment);
      const { block } = own[0];
      const names = block.values.map(({ name }) => name);
      const seeds = unique(own.map(({ cell }) => cell.seed));
      return [
        `## ${experiment}`,
        '',
        `${block.generatedCount} generated and ${block.realCount} real images a cell, seeds ${seeds.join(', ')}, ` +
          `style judged by texture, the rest by ${block.extractor.name} (${block.extractor.dimension} numbers, weights ` +
          `${block.extractor.weightsSha256.slice(0, 12)}).`,
        '',
        ...names.map((name) => metricTable(own, name)),
        ...costTable(own),
      ].join('\n');
    })
    .join('\n');
}
