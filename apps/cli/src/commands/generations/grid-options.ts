// `--x steps=10,20` and `--y`: the axes of a grid.
import { GRID_PARAMETERS, type GenerationGridRequest, type GridAxis, type GridParameter, type GridValue } from '@styleforge/contracts';
import { UsageError } from '../../exit-codes.ts';

/** The grid that `--x` and `--y` describe. */
export function gridOf({ x, y }: { readonly x?: string; readonly y?: string }): GenerationGridRequest | undefined {
  if (x === undefined && y === undefined) return undefined;
  if (x === undefined) throw new UsageError('--y: also set --x');
  return { x: axisOf('--x', x), ...(y !== undefined && { y: axisOf('--y', y) }) };
}

const TEXTS: readonly GridParameter[] = ['prompt', 'negative_prompt', 'sampler'];

function gridValueOf(parameter: GridParameter, value: string): GridValue {
  if (parameter === 'negative_prompt' && value === 'null') return null;
  return TEXTS.includes(parameter) || value === '' || Number.isNaN(Number(value)) ? value : Number(value);
}

function axisOf(flag: string, text: string): GridAxis {
  const [, parameter, list = ''] = /^(\w+)=(.+)$/s.exec(text) ?? [];
  if (parameter === undefined || !(GRID_PARAMETERS as string[]).includes(parameter))
    throw new UsageError(
      `${flag} ${text}: must be a setting, = and its values, such as steps=10,20; settings: ${GRID_PARAMETERS.join(', ')}`,
    );
  const values = list.split(',').map((value) => gridValueOf(parameter as GridParameter, value.trim()));
  return { parameter: parameter as GridParameter, values };
}
