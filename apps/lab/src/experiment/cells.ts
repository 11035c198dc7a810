// Cells of the paper's tables: one training (or none) of one style and seed, with one measurement.
import { targetStyles, type StyleId } from '@styleforge/samples';
import { METHODS, type Method } from './methods.ts';

export type Mix = 'both' | 'persons' | 'backgrounds';

export interface Cell {
  readonly experiment: 'paper-table' | 'aux' | 'mix' | 'steps' | 'captions' | 'prompts';
  /** Column of the table. */
  readonly variant: string;
  readonly style: StyleId;
  readonly seed: number;
  readonly method: Method;
  readonly mix: Mix;
  /** Whether each prompt names the image's subject, for StyleRef and Aux images. */
  readonly captions: boolean;
  readonly steps: number;
  /** Method whose prompts are used for images, if not the cell's own. */
  readonly promptsOf?: Method;
}

export interface CellChoice {
  readonly experiments: readonly string[];
  readonly styles: readonly string[];
  readonly seeds: number;
  /** The smallest of the seeds, which are consecutive. Default: 1337. */
  readonly firstSeed?: number | undefined;
  readonly steps: number;
  /** The methods compared in the paper's table. Default: all. */
  readonly methods?: readonly string[] | undefined;
}

/** Shares of the requested steps at which quality is measured, for the curve of steps against quality. */
const STEP_SHARES = [0.25, 0.5, 1, 2, 4];

function variantsOf(experiment: string, steps: number): Pick<Cell, 'variant' | 'method' | 'mix' | 'captions' | 'steps' | 'promptsOf'>[] {
  const single = { method: 'single-styleforge', mix: 'both', captions: false, steps } as const;
  switch (experiment) {
    case 'paper-table':
      return (['base', ...Object.keys(METHODS)] as Method[]).map((method) => ({ ...single, variant: method, method }));
    case 'aux':
      return [
        { ...single, variant: 'with Aux' },
        { ...single, variant: 'without Aux', method: 'dreambooth' },
      ];
    case 'mix':
      return (['both', 'persons', 'backgrounds'] as const).map((mix) => ({ ...single, variant: mix, mix }));
    case 'steps':
      return STEP_SHARES.map((share) => ({ ...single, variant: `${Math.round(share * steps)} steps`, steps: Math.round(share * steps) }));
    case 'captions':
      return [
        { ...single, variant: 'without captions' },
        { ...single, variant: 'with captions', captions: true },
      ];
    case 'prompts':
      return [
        { ...single, variant: 'base, bare subject', method: 'base' },
        { ...single, variant: "base, Single's prompt", method: 'base', promptsOf: 'single-styleforge' },
        { ...single, variant: "base, Multi's prompt", method: 'base', promptsOf: 'multi-styleforge' },
      ];
    default:
      throw new Error(`there is no experiment '${experiment}': choose from paper-table, aux, mix, steps, captions, prompts`);
  }
}

export function listCells({ experiments, styles, seeds, firstSeed = 1337, steps, methods }: CellChoice): Cell[] {
  const known = new Set<string>(targetStyles);
  const unknown = styles.filter((style) => !known.has(style));
  if (unknown.length > 0) throw new Error(`no target style is called ${unknown.join(', ')}: choose from ${targetStyles.join(', ')}`);
  const none = methods?.filter((method) => method !== 'base' && !(method in METHODS)) ?? [];
  if (none.length > 0) throw new Error(`no method is called ${none.join(', ')}: choose from base, ${Object.keys(METHODS).join(', ')}`);
  return experiments.flatMap((experiment) => {
    const variants = variantsOf(experiment, steps).filter(
      ({ method }) => experiment !== 'paper-table' || methods === undefined || methods.includes(method),
    );
    return Array.from({ length: seeds }, (_, i) => firstSeed + i).flatMap((seed) =>
      styles.flatMap((style) => variants.map((variant) => ({ experiment, style, seed, ...variant }) as Cell)),
    );
  });
}

/** Key of the training: cells with the same key share the model and its measurements. */
export const trainingKey = ({ method, mix, captions, steps, style, seed, promptsOf }: Cell): string =>
  method === 'base'
    ? ['base', ...(promptsOf ? [promptsOf] : []), seed].join('-')
    : [method, mix, ...(captions ? ['captions'] : []), steps, style, seed].join('-');
