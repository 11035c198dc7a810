// Two settings to vary: an x/y plot with the same seeds in every cell.
import type { Generation } from '@styleforge/sdk';
import type { ReactElement } from 'react';

export interface GridRow {
  parameter: string;
  /** Values separated by commas; prompts one per line. */
  text: string;
}

/** Line that stands for no negative prompt in a list of texts. */
const NO_PROMPT = '(none)';

const PARAMETERS: [name: string, label: string, example: string][] = [
  ['steps', 'Steps', '10, 20, 40'],
  ['guidance_scale', 'Guidance', '2, 4, 8'],
  ['prompt', 'Prompt, one per line', 'a house'],
  ['negative_prompt', 'Negative prompt, one per line', `${NO_PROMPT}\nblurry`],
  ['sampler', 'Sampler', 'ddim, euler'],
  ['seed', 'Seed', '1, 2, 3'],
  ['strength', 'Strength of the image', '0.3, 0.6, 0.9'],
  ['style_guidance', 'Style guidance', '1, 2'],
  ['text_guidance', 'Text guidance', '3, 5'],
];
const isWords = (parameter: string): boolean => parameter.endsWith('prompt');

type Value = string | number | null;

const gridValueText = (value: Value): string => (value === null ? NO_PROMPT : String(value));

export function axisOf({ parameter, text }: GridRow): { parameter: string; values: Value[] } {
  const parts = text
    .split(isWords(parameter) ? '\n' : ',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const isNumber = !isWords(parameter) && parameter !== 'sampler';
  if (isNumber) return { parameter, values: parts.map(Number) };
  return { parameter, values: parts.map((part) => (parameter === 'negative_prompt' && part === NO_PROMPT ? null : part)) };
}

interface Axis {
  name: string;
  values: string[];
}

/** The two settings of a grid, and their values as texts. */
export function axesOf({ grid }: Generation['config']): { across: Axis; down: Axis | null } {
  const axis = ({ parameter, values }: { parameter: string; values: Value[] }): Axis => ({
    name: (PARAMETERS.find(([name]) => name === parameter)?.[1] ?? parameter).replace(/,.*/, ''),
    values: values.map(gridValueText),
  });
  return { across: grid ? axis(grid.x) : { name: '', values: [] }, down: grid?.y ? axis(grid.y) : null };
}

/** Images that a request asks for, in all cells of its grid. */
export function imageCount({ grid, prompts, num_images: each }: Generation['config']): number {
  if (!grid) return prompts.length * each;
  const axes = [grid.x, ...(grid.y ? [grid.y] : [])];
  const perCell = axes.some(({ parameter }) => parameter === 'prompt') ? each : prompts.length * each;
  return axes.reduce((count, { values }) => count * values.length, perCell);
}

/** Where a cell is, such as `Steps 20, Guidance 4`; empty without a grid. */
export function placeOf(config: Generation['config'], cell: { x: number; y: number } | null): string {
  const { across, down } = axesOf(config);
  if (!config.grid || cell === null) return '';
  return `${across.name} ${across.values[cell.x]}${down ? `, ${down.name} ${down.values[cell.y]}` : ''}`;
}

/** The row that an axis of an earlier request came from. */
export const gridRowOf = ({ parameter, values }: { parameter: string; values: Value[] }): GridRow => ({
  parameter,
  text: values.map(gridValueText).join(isWords(parameter) ? '\n' : ', '),
});

const NAMES = ['Across', 'Down'];

export function GridFields({ rows, onRows }: { rows: GridRow[]; onRows(rows: GridRow[]): void }): ReactElement {
  const set = (at: number, change: Partial<GridRow>) => onRows(rows.map((row, index) => (index === at ? { ...row, ...change } : row)));
  const free = PARAMETERS.filter(([name]) => !rows.some(({ parameter }) => parameter === name));
  return (
    <fieldset className="stack">
      <legend className="label">Grid of two settings</legend>
      {rows.map((row, at) => {
        const [, , example] = PARAMETERS.find(([name]) => name === row.parameter)!;
        return (
          <div key={row.parameter} className="field">
            <label htmlFor={`grid-${at}`}>{NAMES[at]}</label>
            <select
              id={`grid-${at}`}
              className="select"
              value={row.parameter}
              onChange={(event) => set(at, { parameter: event.target.value, text: '' })}
            >
              {PARAMETERS.filter(([name]) => name === row.parameter || free.some(([other]) => other === name)).map(([name, label]) => (
                <option key={name} value={name}>
                  {label}
                </option>
              ))}
            </select>
            <textarea
              className="textarea"
              rows={isWords(row.parameter) ? 3 : 1}
              aria-label={`Values ${NAMES[at]!.toLowerCase()}`}
              placeholder={example}
              value={row.text}
              onChange={(event) => set(at, { text: event.target.value })}
            />
          </div>
        );
      })}
      <div className="row">
        {rows.length < NAMES.length && (
          <button type="button" className="button small" onClick={() => onRows([...rows, { parameter: free[0]![0], text: '' }])}>
            {rows.length === 0 ? 'Vary a setting' : 'Vary another setting'}
          </button>
        )}
        {rows.length > 0 && (
          <button type="button" className="button quiet small" onClick={() => onRows([])}>
            No grid
          </button>
        )}
      </div>
    </fieldset>
  );
}
