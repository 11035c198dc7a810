// Adaptations: which part of a model is trained, and which files result from it.
import { z } from 'zod';
import { LORA_FORMATS, WHOLE_MODEL_FORMATS } from '../models/export-formats.ts';
import type { ExportFormat } from '../models/export-formats.ts';
import type { HyperparametersRequest } from './hyperparameters.ts';

export const ADAPTATION_KINDS = ['full', 'lora', 'textual-inversion', 'custom-diffusion', 'adapter', 'pivotal-tuning'] as const;
export type AdaptationKind = (typeof ADAPTATION_KINDS)[number];

/** Traits of an adaptation, which other code uses instead of comparing names. */
export interface AdaptationTraits {
  /** Name in labels of trained models. */
  readonly title: string;
  /** Whether its checkpoint is a whole model instead of an addition to the base model. */
  readonly isWhole: boolean;
  /** Whether its tokens are new words, which the base model's vocabulary lacks. */
  readonly addsTokens: boolean;
  /** Minimum number of images in each part of a dataset. */
  readonly leastImages: number;
  /** Formats in which a checkpoint can be downloaded; the first is the default. */
  readonly exportFormats: readonly ExportFormat[];
}

/** Minimum number of images. With two, subject and style cannot be told apart. */
const LEAST_IMAGES = 3;

export const ADAPTATION_TRAITS: Record<AdaptationKind, AdaptationTraits> = {
  full: {
    title: 'all weights',
    isWhole: true,
    addsTokens: false,
    leastImages: LEAST_IMAGES,
    exportFormats: [...WHOLE_MODEL_FORMATS, ...LORA_FORMATS],
  },
  lora: {
    title: 'LoRA',
    isWhole: false,
    addsTokens: false,
    leastImages: LEAST_IMAGES,
    exportFormats: [...LORA_FORMATS, ...WHOLE_MODEL_FORMATS, 'adapter-zip'],
  },
  'textual-inversion': {
    title: 'Textual Inversion',
    isWhole: false,
    addsTokens: true,
    leastImages: LEAST_IMAGES,
    exportFormats: ['embedding-diffusers', 'embedding-a1111', ...WHOLE_MODEL_FORMATS, 'adapter-zip'],
  },
  'custom-diffusion': {
    title: 'Custom Diffusion',
    isWhole: false,
    addsTokens: true,
    leastImages: LEAST_IMAGES,
    exportFormats: ['adapter-zip', ...WHOLE_MODEL_FORMATS],
  },
  adapter: {
    title: 'adapters',
    isWhole: false,
    addsTokens: false,
    // Designed for a single image (arXiv 2306.00983).
    leastImages: 1,
    // Its branches are outside the layers, so they cannot be merged into them.
    exportFormats: ['adapter-zip'],
  },
  'pivotal-tuning': {
    title: 'Pivotal Tuning',
    isWhole: false,
    addsTokens: true,
    leastImages: LEAST_IMAGES,
    // Two files that are used together.
    exportFormats: ['adapter-zip', ...WHOLE_MODEL_FORMATS],
  },
};

/** The adaptation of jobs that were created before adaptations had names. */
export const FIRST_ADAPTATION = { kind: 'full' } as const;
/** The adaptation of a request that gives a rank but no kind. */
export const RANKED_ADAPTATION = 'lora' satisfies AdaptationKind;
/** Adaptations that train far fewer weights than the whole model has. */
export const SMALL_ADAPTATIONS: readonly AdaptationKind[] = ADAPTATION_KINDS.filter((kind) => !ADAPTATION_TRAITS[kind].isWhole);

export const isWholeModel = (kind: AdaptationKind): boolean => ADAPTATION_TRAITS[kind].isWhole;

export const LORA_TARGETS = ['attention', 'feed_forward', 'projections', 'convolutions'] as const;
export type LoraTarget = (typeof LORA_TARGETS)[number];

const rank = z.int().min(1).max(1024).describe('Rank of the two matrices of each layer: a higher rank can learn more, in a larger file');
const alpha = z.number().gt(0).max(4096).describe('The product of the matrices is scaled by alpha / rank');
const targets = z
  .array(z.enum(LORA_TARGETS))
  .min(1)
  .max(LORA_TARGETS.length)
  .refine((kinds) => new Set(kinds).size === kinds.length, 'must not name a target twice')
  .meta({ uniqueItems: true })
  .describe('Layers of the U-Net that get matrices. If the text encoder trains, attention and feed_forward also apply to it');
/** Named choices of blocks. A model family may define its own blocks for a name. */
export const LORA_BLOCKS = ['b-lora'] as const;

const blocks = z
  .enum(LORA_BLOCKS)
  .optional()
  .describe(
    '`b-lora`: only the two blocks of Stable Diffusion XL that carry content and style (arXiv 2403.14572); other ' +
      'base models are refused. Default: all blocks',
  );
const merged = z
  .boolean()
  .describe(
    'Whether the finished checkpoint also contains the complete model, with the adaptation merged into the base model, in half precision',
  );

const initialWord = z
  .string()
  .regex(/^\S{1,32}$/, 'must be one word of at most 32 characters')
  .describe('A word that is one token of the base model. The new rows start as copies of its row');
const vectors = z.int().min(1).max(32).describe('Number of rows of the token table for each token');
const layers = z
  .enum(['keys_and_values', 'cross_attention'])
  .describe('Which matrices of the cross-attention train: keys and values, or also queries and output');

const full = z.strictObject({ kind: z.literal('full') });
const lora = z.strictObject({ kind: z.literal('lora'), rank, alpha, targets, blocks, merged });
const pivotalTuning = z.strictObject({
  kind: z.literal('pivotal-tuning'),
  rank,
  alpha,
  targets,
  vectors,
  initial_word: initialWord,
  merged,
});
const textualInversion = z.strictObject({ kind: z.literal('textual-inversion'), vectors, initial_word: initialWord, merged });
const customDiffusion = z.strictObject({ kind: z.literal('custom-diffusion'), layers, initial_word: initialWord, merged });

const residual = z.strictObject({
  kind: z.literal('adapter'),
  bottleneck: z.int().min(1).max(1024).describe('Bottleneck: the width between the two matrices of an adapter'),
  shared: z
    .boolean()
    .describe(
      'Whether all layers of the same width share one pair of matrices, with a few numbers for each layer. This needs far fewer parameters',
    ),
});

export const adaptation = z
  .discriminatedUnion('kind', [full, lora, textualInversion, customDiffusion, residual, pivotalTuning])
  .meta({ id: 'Adaptation' });
export type AdaptationConfig = z.infer<typeof adaptation>;
export type LoraAdaptation = z.infer<typeof lora>;
export type PivotalTuningAdaptation = z.infer<typeof pivotalTuning>;
export type TextualInversionAdaptation = z.infer<typeof textualInversion>;
export type AdapterAdaptation = z.infer<typeof residual>;
export type CustomDiffusionAdaptation = z.infer<typeof customDiffusion>;

export const adaptationRequest = z
  .discriminatedUnion('kind', [
    full,
    lora.partial().required({ kind: true }),
    textualInversion.partial().required({ kind: true }),
    customDiffusion.partial().required({ kind: true }),
    residual.partial().required({ kind: true }),
    pivotalTuning.partial().required({ kind: true }),
  ])
  .meta({ id: 'AdaptationRequest' });
export type AdaptationRequest = z.infer<typeof adaptationRequest>;

const DEFAULT_RANK = 16;
const INITIAL_WORD = 'style';

/** The rank that cog-sdxl uses. */
const PIVOTAL_RANK = 32;
const PIVOTAL_VECTORS = 2;

type Matrices = Pick<LoraAdaptation, 'rank' | 'alpha' | 'targets' | 'merged'>;

function resolveMatrices({ rank: asked, alpha: scaled, targets: layersOfIt, merged: whole }: Partial<Matrices>, usual: number): Matrices {
  const used = asked ?? usual;
  return { rank: used, alpha: scaled ?? used, targets: layersOfIt ?? ['attention'], merged: whole ?? false };
}

/** Adds defaults to a request. */
export function resolveAdaptation(asked: AdaptationRequest): AdaptationConfig {
  switch (asked.kind) {
    case 'full':
      return asked;
    case 'lora':
      return { kind: 'lora', ...resolveMatrices(asked, DEFAULT_RANK), ...(asked.blocks && { blocks: asked.blocks }) };
    case 'pivotal-tuning':
      return {
        kind: 'pivotal-tuning',
        ...resolveMatrices(asked, PIVOTAL_RANK),
        vectors: asked.vectors ?? PIVOTAL_VECTORS,
        initial_word: asked.initial_word ?? INITIAL_WORD,
      };
    case 'textual-inversion':
      return { vectors: 1, initial_word: INITIAL_WORD, merged: false, ...asked };
    case 'custom-diffusion':
      return { layers: 'keys_and_values', initial_word: INITIAL_WORD, merged: false, ...asked };
    case 'adapter':
      return { bottleneck: 4, shared: true, ...asked };
  }
}

export const addsTokens = ({ kind }: AdaptationConfig): boolean => ADAPTATION_TRAITS[kind].addsTokens;

/** Changes for a second round, which has more images than the first: larger adapters that are not shared between layers. */
const SECOND_ROUND: { readonly [Kind in AdaptationKind]?: Omit<Extract<AdaptationRequest, { kind: Kind }>, 'kind'> } = {
  adapter: { bottleneck: 32, shared: false },
};

/** Adds the defaults of a second round to a request. */
export function inSecondRound(asked: AdaptationRequest): AdaptationRequest {
  return { ...SECOND_ROUND[asked.kind], ...asked } as AdaptationRequest;
}

/** Hyperparameters that suit an adaptation, if neither the base model's profile nor the request gives others. */
export const ADAPTATION_HYPERPARAMETERS: Record<AdaptationKind, HyperparametersRequest> = {
  full: {},
  lora: { learning_rate: 1e-4, text_encoder_learning_rate: null, train_text_encoder: false, max_train_steps: 500 },
  'textual-inversion': { learning_rate: 2e-3, max_train_steps: 3000, train_text_encoder: false, text_encoder_learning_rate: null },
  adapter: {
    learning_rate: 3e-4,
    max_train_steps: 1000,
    train_batch_size: 8,
    adam_weight_decay: 0,
    train_text_encoder: false,
    text_encoder_learning_rate: null,
  },
  'custom-diffusion': { learning_rate: 2e-5, max_train_steps: 500, train_text_encoder: false, text_encoder_learning_rate: null },
  // The second rate applies to the new rows.
  'pivotal-tuning': { learning_rate: 1e-4, text_encoder_learning_rate: 3e-4, train_text_encoder: false, max_train_steps: 1000 },
};
