// Turns settings into lists of values: every combination becomes a job of a study.
import type { ReactElement } from 'react';
import { useSettingsSchema } from '../../data/settings-schema.ts';
import { Icon } from '../../ui/icons.tsx';

export type StudyRow = { pointer: string; text: string };

/** The settings that are compared most come first in the list. */
const POINTERS = [
  '/hyperparameters/max_train_steps',
  '/hyperparameters/learning_rate',
  '/hyperparameters/train_batch_size',
  '/hyperparameters/seed',
  '/hyperparameters/snr_gamma',
  '/hyperparameters/train_text_encoder',
  '/aux/weight',
];

function usePointers(): string[] {
  const groups = useSettingsSchema().data?.groups ?? [];
  const all = groups.flatMap(({ settings }) => settings.map(({ path }) => `/${path.join('/')}`));
  return [...new Set([...POINTERS, ...all])];
}

export const valuesOf = (text: string): unknown[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) =>
      part === 'true' ? true : part === 'false' ? false : part === 'none' ? null : Number.isNaN(Number(part)) ? part : Number(part),
    );

export function StudyFields({ rows, onRows }: { rows: StudyRow[]; onRows(rows: StudyRow[]): void }): ReactElement {
  const pointers = usePointers();
  const change = (index: number, row: Partial<StudyRow>) => onRows(rows.map((one, at) => (at === index ? { ...one, ...row } : one)));
  return (
    <details className="study">
      <summary>Compare several values</summary>
      <div className="stack">
        <p className="small soft">Each combination runs as a separate job. Separate values with commas.</p>
        {rows.map(({ pointer, text }, index) => (
          <div key={index} className="stack study-row">
            <select
              className="select mono"
              aria-label="Setting"
              value={pointer}
              onChange={(event) => change(index, { pointer: event.target.value })}
            >
              {pointers.map((one) => (
                <option key={one} value={one}>
                  {one.slice(1).replaceAll('/', '.')}
                </option>
              ))}
            </select>
            <div className="row nowrap">
              <input
                className="input"
                aria-label="Values"
                placeholder="50, 100, 200"
                value={text}
                onChange={(event) => change(index, { text: event.target.value })}
              />
              <button
                type="button"
                className="button quiet small icon"
                aria-label="Remove"
                onClick={() => onRows(rows.filter((_, at) => at !== index))}
              >
                <Icon name="close" size={15} />
              </button>
            </div>
          </div>
        ))}
        {rows.length < 3 && (
          <button type="button" className="button small" onClick={() => onRows([...rows, { pointer: POINTERS[rows.length]!, text: '' }])}>
            Add a setting
          </button>
        )}
      </div>
    </details>
  );
}
