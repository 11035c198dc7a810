// Recognizes an uploaded file by the names and shapes of its tensors: the kind of adapter, its base models, and its size.
import { basename, extname } from 'node:path';
import { componentsOfKind, embeddingComponents, type Family, familyOfEmbedding, variantOf } from '../families/index.ts';
import { ModelFileError } from '../files/model-file-error.ts';
import { type TensorInfo } from '../tensor-files/safetensors-header.ts';
import { readTensorTable, type TensorTable } from '../tensor-files/tensor-table.ts';

export const ADAPTER_KINDS = ['lora', 'textual-inversion', 'custom-diffusion', 'adapter'] as const;
export type AdapterKind = (typeof ADAPTER_KINDS)[number];

export interface InspectedAdapter {
  readonly kind: AdapterKind;
  /** The program that defined its layout: diffusers, peft, kohya, comfyui, a1111 or styleforge. */
  readonly layout: string;
  /** Base models with the same width of text states; null for an unknown width. */
  readonly baseFamily: string | null;
  /** Width of the text states that it was trained for; null if the file does not say. */
  readonly contextWidth: number | null;
  /** The largest rank of a LoRA, or the bottleneck of an adapter. */
  readonly rank: number | null;
  readonly changesTextEncoder: boolean;
  /** Whether it is peft's file, which has a config next to it. */
  readonly isWrapped: boolean;
  /** The words for prompts that use it. If the file contains none, this is its file name. */
  readonly tokens: readonly string[];
  /** Rows of each token. */
  readonly vectors: number | null;
  readonly tensors: number;
}

type Found = Omit<InspectedAdapter, 'tensors' | 'baseFamily'>;
type Entry = readonly [name: string, info: TensorInfo];
/** Recognizes one kind of adapter; null for other files. */
type Inspect = (table: TensorTable, fileName: string) => Found | null;

const NONE = { rank: null, vectors: null, tokens: [], changesTextEncoder: false, isWrapped: false } as const;

const largest = (values: readonly number[]): number | null => (values.length === 0 ? null : Math.max(...values));

const LORA_DOWN =
  /(\.|_)(lora_linear_layer\.down|lora\.down|lora_down|lora_A(\.default(_\d+)?)?|(to_q|to_k|to_v|to_out)_lora\.down)\.weight$/;
const LORA_LAYOUTS: readonly [RegExp, string][] = [
  [/^(lora_(unet|te\d?)|lycoris)_/, 'kohya'],
  [/^(diffusion_model|text_encoders)\./, 'comfyui'],
  [/^base_model\.model\./, 'peft'],
  [/lora_[AB](\.default(_\d+)?)?\.weight$/, 'peft'],
];
/** Layers whose input is the text's states. */
const READS_TEXT = /attn2[._](processor[._])?to_[kv]/;
const IN_TEXT_ENCODER = /^(text_encoder|lora_te|base_model\.model\.(text_model|encoder)\.)/;

const inspectLora: Inspect = ({ tensors }) => {
  const downs = [...tensors].filter(([name]) => LORA_DOWN.test(name));
  if (downs.length === 0) return null;
  const layout = LORA_LAYOUTS.find(([pattern]) => downs.some(([name]) => pattern.test(name)))?.[1] ?? 'diffusers';
  const context = downs.find(([name]) => READS_TEXT.test(name))?.[1].shape[1] ?? null;
  return {
    ...NONE,
    kind: 'lora',
    layout,
    contextWidth: context,
    rank: largest(downs.map(([, { shape }]) => shape[0] ?? 0)),
    changesTextEncoder: downs.some(([name]) => IN_TEXT_ENCODER.test(name)),
    isWrapped: downs.some(([name]) => name.startsWith('base_model.model.')),
  };
};

const BRANCH = /^unet\..*\.styledrop\.(down|up)$/;

const inspectBranches: Inspect = ({ tensors }) => {
  const names = [...tensors.keys()];
  if (names.length === 0 || !names.every((name) => BRANCH.test(name))) return null;
  const downs = [...tensors].filter(([name]) => name.endsWith('.down'));
  return { ...NONE, kind: 'adapter', layout: 'styleforge', contextWidth: null, rank: largest(downs.map(([, { shape }]) => shape[0] ?? 0)) };
};

const CUSTOM = /\.processor\.(to_k|to_v|to_q|to_out)_custom_diffusion(\.0)?\.(weight|bias)$/;

const inspectCustomDiffusion: Inspect = ({ tensors }) => {
  const names = [...tensors.keys()];
  if (names.length === 0 || !names.every((name) => CUSTOM.test(name))) return null;
  const keys = [...tensors].find(([name]) => /to_[kv]_custom_diffusion/.test(name));
  return { ...NONE, kind: 'custom-diffusion', layout: 'diffusers', contextWidth: keys?.[1].shape[1] ?? null };
};

const MOST_TOKENS = 16;

/** Names of layers, which are never those of words. */
const IN_LAYER = /^((lora|lycoris)_|(base_model|unet|text_encoder(_2)?|diffusion_model)\.)|\.(weight|bias)$/;
const isRows = ([name, { shape }]: Entry): boolean => (shape.length === 1 || shape.length === 2) && !IN_LAYER.test(name);
/** The width of the rows of all text encoders together, which is that of the text states. */
const widthOf = (rows: readonly Entry[]): number => rows.reduce((sum, [, { shape }]) => sum + shape.at(-1)!, 0);

function contextWidthOf(rows: readonly Entry[], family: Family | undefined): number | null {
  if (family === undefined) return rows[0]![1].shape.at(-1)!;
  // The rows of one text encoder of several do not say how wide the others are.
  return rows.length === componentsOfKind(family, 'text-encoder').length ? widthOf(rows) : null;
}

const inspectEmbedding: Inspect = ({ tensors }, fileName) => {
  const rows = [...tensors];
  if (rows.length === 0 || rows.length > MOST_TOKENS || !rows.every(isRows)) return null;
  const fromFile = rows.some(([name]) => embeddingComponents.has(name));
  const family = familyOfEmbedding((key) => tensors.has(key));
  return {
    ...NONE,
    kind: 'textual-inversion',
    layout: fromFile ? 'a1111' : 'diffusers',
    contextWidth: contextWidthOf(rows, family),
    changesTextEncoder: true,
    tokens: fromFile ? [basename(fileName, extname(fileName))] : rows.map(([name]) => name),
    vectors: largest(rows.map(([, { shape }]) => (shape.length === 1 ? 1 : shape[0]!))),
  };
};

const KINDS: readonly Inspect[] = [inspectBranches, inspectLora, inspectCustomDiffusion, inspectEmbedding];

/** Files that are not supported: adapters of other programs and whole models, with what to do instead. */
const STRANGERS: readonly [RegExp, string][] = [
  [/\.(dora_scale|(lora_)?magnitude(_vector)?(\.default(_\d+)?)?(\.weight)?)$/, 'is a DoRA, which is not read; export it as a LoRA'],
  [
    /\.(hada_\w+|lokr_\w+|oft_\w+|boft_\w+|diff|diff_b|on_input|ia3_l|a1|b1|bias_values)(\.default)?(\.weight)?$/,
    'is a LyCORIS file or another kind of peft (LoHa, LoKr, OFT, GLoRA, IA3, full differences), which is not read; convert it to a LoRA',
  ],
  [
    /\.(w_norm|b_norm|set_weight|reshape_weight)$/,
    'changes more than the matrices of layers (norms, whole weights, shapes), which is not read; train it without ' +
      'train_norm, or convert it to a LoRA',
  ],
  [/\.lora_mid\.weight$/, 'is a LoCon with a third matrix for each convolution (Tucker decomposition), which is not read; save it without'],
  [
    /\.(lora_[AB](\.default)?|lora\.(down|up)|lora_(down|up)|lora_linear_layer\.(down|up))\.bias$/,
    'has biases in addition to its matrices, which are not read; train it without lora_bias',
  ],
  [/\.lora_embedding_[AB]/, 'changes the token table by matrices, which is not read; leave the embedding out of target_modules'],
  [
    /^base_model\.model\.(?!.*\.lora_[AB](\.default)?\.weight$).*\.(lora_\w+|\w+_lambda_\w+|ln_tuning_layers|randlora_\w+|c3a_\w+|vblora_\w+|hra_u|road_\w+|shira_\w+|fourierft_\w+|miss_\w+|bone_\w+)(\.\w+)*$/,
    'is an adapter of peft of another kind than LoRA, which is not read; train a LoRA (peft_type LORA)',
  ],
  [/^bundle_emb\./, 'contains embeddings in addition to a LoRA; save them separately, and upload each file'],
  [
    /^(model\.diffusion_model|first_stage_model|cond_stage_model|conditioner)\./,
    'is a whole model; an operator adds it with npm run base-models',
  ],
  [
    /^(transformer|lora_transformer|double_blocks|single_blocks)[._]|^diffusion_model\.(?!(input_blocks|middle_block|output_blocks|time_embed|label_emb|out)\.)/,
    'belongs to a transformer model such as FLUX; base models here are Stable Diffusion',
  ],
  [/^(controlnet|control_model|image_proj|ip_adapter)[._]/, 'is a ControlNet or an IP-Adapter, which is not read'],
];

function refuseStrangers(names: readonly string[], file: string): void {
  for (const [pattern, fault] of STRANGERS) if (names.some((name) => pattern.test(name))) throw new ModelFileError(file, fault);
}

/** Inspects a file. `fileName`: its original name. Throws ModelFileError, whose `fault` says what the file is and what to do. */
export async function inspectAdapter(path: string, fileName = basename(path)): Promise<InspectedAdapter> {
  const table = await readTensorTable(path);
  const names = [...table.tensors.keys()];
  if (names.length === 0) throw new ModelFileError(path, 'contains no tensors: save it again, or download it again');
  refuseStrangers(names, path);
  for (const inspect of KINDS) {
    const found = inspect(table, fileName);
    if (found) return { ...found, baseFamily: variantOf(found.contextWidth) ?? null, tensors: names.length };
  }
  const listed = names.slice(0, 3).map((name) => `'${name}'`);
  const more = names.length > listed.length ? ` and ${names.length - listed.length} more` : '';
  throw new ModelFileError(
    path,
    `is not an adapter of a known kind (its tensors are ${listed.join(', ')}${more}): give a LoRA, an embedding, ` +
      `Custom Diffusion's file or StyleDrop's adapter`,
  );
}

/**
 * The reason why the adapter cannot be used on a base model with text states of this width; null if it can. Its layers are checked when it
 * is applied.
 */
export function fitsBase(
  { contextWidth, baseFamily, kind }: Pick<InspectedAdapter, 'contextWidth' | 'baseFamily' | 'kind'>,
  base: { readonly name: string; readonly contextWidth: number },
): string | null {
  if (contextWidth === null || contextWidth === base.contextWidth) return null;
  const made = baseFamily ?? `a base model with text states of ${contextWidth} numbers`;
  return `this ${kind} was made for ${made}; ${base.name} has text states of ${base.contextWidth} numbers: choose a base model that fits`;
}
