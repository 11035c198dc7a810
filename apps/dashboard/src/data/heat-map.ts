// A study's variations as a grid of two settings: each cell has a value, and its rank between the worst and the best.
import type { StudyRow } from '@styleforge/sdk';
import { flatten } from './comparison.ts';

export interface Measure {
  name: string;
  isLowerBetter: boolean;
  of(row: StudyRow): number | null;
}

export interface HeatCell {
  row: StudyRow;
  value: number;
  /** 0 is the worst of the map, 1 the best. */
  goodness: number;
}

export interface HeatMap {
  x: { setting: string; values: string[] };
  y: { setting: string; values: string[] };
  /** Cells by row, then by column; null if no variation has both values, or its job has no value yet. */
  cells: (HeatCell | null)[][];
}

const LOSSES: Measure[] = [
  { name: 'StyleRef loss', isLowerBetter: true, of: (row) => row.style_ref_loss },
  { name: 'Aux loss', isLowerBetter: true, of: (row) => row.aux_loss },
];

/** Losses, and every metric in an evaluation of a variation. */
export function measuresOf(rows: StudyRow[]): Measure[] {
  const metrics = new Map(rows.flatMap(({ evaluation }) => evaluation?.metrics.map((one) => [one.name, one.better] as const) ?? []));
  const measured = [...metrics].map(([name, better]): Measure => {
    return {
      name,
      isLowerBetter: better === 'lower',
      of: (row) => row.evaluation?.metrics.find((one) => one.name === name)?.value ?? null,
    };
  });
  return [...measured, ...LOSSES].filter(({ of }) => rows.some((row) => of(row) !== null));
}

/** The settings that the variations change, each with its values in the order of the study. */
export function settingsOf(rows: StudyRow[]): { setting: string; values: string[] }[] {
  const changed = rows.map(({ changes }) => flatten(changes));
  const settings = [...new Set(changed.flatMap((pairs) => pairs.map(([setting]) => setting)))];
  return settings
    .map((setting) => ({
      setting,
      values: [...new Set(changed.flatMap((pairs) => pairs.filter(([name]) => name === setting).map(([, value]) => value)))],
    }))
    .filter(({ values }) => values.length > 1);
}

/** If further settings vary, a cell shows the best of its variations. */
export function heatMapOf(rows: StudyRow[], [x, y]: [string, string], { of, isLowerBetter }: Measure): HeatMap | null {
  const settings = settingsOf(rows);
  const [across, down] = [x, y].map((name) => settings.find(({ setting }) => setting === name));
  if (!across || !down) return null;
  const known = rows.flatMap((row) => {
    const value = of(row);
    return value === null ? [] : [{ row, value, changes: new Map(flatten(row.changes)) }];
  });
  const values = known.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const goodnessOf = (value: number) =>
    most === least ? 1 : isLowerBetter ? (most - value) / (most - least) : (value - least) / (most - least);
  const cellAt = (xValue: string, yValue: string): HeatCell | null => {
    const here = known.filter(({ changes }) => changes.get(x) === xValue && changes.get(y) === yValue);
    const [best] = here.toSorted((a, b) => goodnessOf(b.value) - goodnessOf(a.value));
    return best ? { row: best.row, value: best.value, goodness: goodnessOf(best.value) } : null;
  };
  return { x: across, y: down, cells: down.values.map((yValue) => across.values.map((xValue) => cellAt(xValue, yValue))) };
}
