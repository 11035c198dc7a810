// Cells of the paper's tables: one training (or none) of one style and seed, with one measurement.
import { targetStyles, type StyleId } from '@styleforge/samples';
import { METHODS, type Method } from './methods.ts';

export type Mix = 'both' | 'persons' | 'backgrounds';

export const EXPERIMENTS = [
  'paper-table',
  'aux',
  'aux-style',
  'style-images',
  'components',
  'mix',
  'steps',
  'captions',
  'prompts',
  'tokens',
] as const;
export type Experiment = (typeof EXPERIMENTS)[number];

export interface Cell {
  readonly experiment: Experiment;
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
  /** Default: 20. */
  readonly styleImages?: number;
  /** Components of Multi-StyleForge. Default: 2. */
  readonly components?: 2 | 3 | 4;
  /** Whether a prompt has the token of its subject's component alone, in place of all tokens of Multi-StyleForge. Default: false. */
  readonly ownToken?: boolean;
  /** Style of the Aux images. Default: fluent. */
  readonly auxStyle?: StyleId;
  /** Default: 20. */
  readonly auxImages?: number;
  /** Weight of the Aux loss. Default: 1. */
  readonly auxWeight?: number;
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

type Variant = Omit<Cell, 'experiment' | 'style' | 'seed'>;

const single = { method: 'single-styleforge', mix: 'both', captions: false } as const;
const multi = { ...single, method: 'multi-styleforge' } as const;

/** Variants of each experiment, without the number of steps, which is the same for all of them. */
const VARIANTS: Readonly<Record<Exclude<Experiment, 'steps'>, readonly Omit<Variant, 'steps'>[]>> = {
  'paper-table': (['base', ...Object.keys(METHODS)] as Method[]).map((method) => ({ ...single, variant: method, method })),
  aux: [
    { ...single, variant: 'without Aux', method: 'dreambooth' },
    { ...single, variant: '5 Aux images', auxImages: 5 },
    { ...single, variant: '20 Aux images' },
    { ...single, variant: '40 Aux images', auxImages: 40 },
    { ...single, variant: '20 Aux images at half weight', auxWeight: 0.5 },
    { ...single, variant: '20 Aux images at twice the weight', auxWeight: 2 },
  ],
  'aux-style': [
    { ...single, variant: 'Aux in fluent' },
    { ...single, variant: 'Aux in noto', auxStyle: 'noto' },
    { ...single, variant: 'Aux in twemoji', auxStyle: 'twemoji' },
  ],
  'style-images': [5, 10, 20, 50].map((count) => ({
    ...single,
    variant: `${count} StyleRef images`,
    ...(count !== 20 && { styleImages: count }),
  })),
  components: [
    { ...single, variant: '1 component' },
    { ...multi, variant: '2 components' },
    { ...multi, variant: '3 components', components: 3 },
    { ...multi, variant: '4 components', components: 4 },
  ],
  mix: (['both', 'persons', 'backgrounds'] as const).map((mix) => ({ ...single, variant: mix, mix })),
  captions: [
    { ...single, variant: 'without captions' },
    { ...single, variant: 'with captions', captions: true },
  ],
  prompts: [
    { ...single, variant: 'base, bare subject', method: 'base' },
    { ...single, variant: "base, Single's prompt", method: 'base', promptsOf: 'single-styleforge' },
    { ...single, variant: "base, Multi's prompt", method: 'base', promptsOf: 'multi-styleforge' },
  ],
  tokens: [
    { ...single, variant: 'Single' },
    { ...multi, variant: 'Multi, both tokens' },
    { ...multi, variant: "Multi, the subject's own token", ownToken: true },
  ],
};

function variantsOf(experiment: string, steps: number): Variant[] {
  if (experiment === 'steps')
    return STEP_SHARES.map((share) => Math.round(share * steps)).map((own) => ({ ...single, variant: `${own} steps`, steps: own }));
  if (!(experiment in VARIANTS)) throw new Error(`there is no experiment '${experiment}': choose from ${EXPERIMENTS.join(', ')}`);
  return VARIANTS[experiment as keyof typeof VARIANTS].map((variant) => ({ ...variant, steps }));
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
export function trainingKey(cell: Cell): string {
  const { method, mix, captions, steps, style, seed, promptsOf, styleImages, components, ownToken, auxStyle, auxImages, auxWeight } = cell;
  if (method === 'base') return ['base', ...(promptsOf ? [promptsOf] : []), seed].join('-');
  const data = [
    captions && 'captions',
    styleImages && `images${styleImages}`,
    components && `components${components}`,
    ownToken && 'own-token',
    auxStyle && `aux-${auxStyle}`,
    auxImages && `aux${auxImages}`,
    auxWeight && `weight${auxWeight}`,
  ].filter((part) => typeof part === 'string');
  return [method, mix, ...data, steps, style, seed].join('-');
}
