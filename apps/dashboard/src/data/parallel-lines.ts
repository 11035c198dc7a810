// A study's variations as lines across axes: one axis for each setting that varies, and one for the result.
import type { StudyRow } from '@styleforge/sdk';
import { flatten } from './comparison.ts';
import { type Measure, settingsOf } from './heat-map.ts';

export interface Axis {
  name: string;
  /** Labelled values, from bottom to top: 0 to 1. */
  ticks: { at: number; text: string }[];
}

export interface Line {
  row: StudyRow;
  value: number;
  /** 0 is the worst, 1 the best. */
  goodness: number;
  /** Height on each axis, from 0 to 1. */
  points: number[];
}

const byNumber = (a: string, b: string): number => Number(a) - Number(b);

/** Evenly spaced values of a setting: numbers by size, words in the order of the study. */
function ordered(values: string[]): string[] {
  return values.every((value) => value !== '' && Number.isFinite(Number(value))) ? values.toSorted(byNumber) : values;
}

/** Lines of the chart; null until two variations have a result. */
export function parallelLinesOf(rows: StudyRow[], { name, of, isLowerBetter }: Measure): { axes: Axis[]; lines: Line[] } | null {
  const settings = settingsOf(rows).map(({ setting, values }) => ({ setting, values: ordered(values) }));
  const known = rows.flatMap((row) => {
    const value = of(row);
    return value === null ? [] : [{ row, value, changes: new Map(flatten(row.changes)) }];
  });
  if (settings.length === 0 || known.length < 2) return null;
  const values = known.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const heightOf = (value: number) => (most === least ? 0.5 : (value - least) / (most - least));
  const lines = known.map(({ row, value, changes }): Line => {
    const at = settings.map(({ setting, values: all }) => all.indexOf(changes.get(setting) ?? '') / (all.length - 1));
    const height = heightOf(value);
    return {
      row,
      value,
      goodness: most === least ? 1 : isLowerBetter ? 1 - height : height,
      points: [...at.map((one) => Math.max(one, 0)), height],
    };
  });
  const ends = most === least ? [{ at: 0.5, value: most }] : [least, most].map((value, at) => ({ at, value }));
  return {
    axes: [
      ...settings.map(({ setting, values: all }) => ({
        name: setting.split('.').at(-1) ?? setting,
        ticks: all.map((text, index) => ({ at: index / (all.length - 1), text })),
      })),
      { name, ticks: ends.map(({ at, value }) => ({ at, text: String(Number(value.toPrecision(4))) })) },
    ],
    lines: lines.toSorted((a, b) => a.goodness - b.goodness),
  };
}
