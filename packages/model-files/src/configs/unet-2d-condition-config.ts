// The U-Net's config in upstream's format, checked, with lists of one value per block.
import { type Activation, type TimeScaleShift } from './activations.ts';
import { ConfigReader, isCount, MOST_LAYERS } from './config-reader.ts';

const downBlockTypes = ['CrossAttnDownBlock2D', 'DownBlock2D'] as const;
const upBlockTypes = ['CrossAttnUpBlock2D', 'UpBlock2D'] as const;
const midBlockTypes = ['UNetMidBlock2DCrossAttn', 'UNetMidBlock2D'] as const;
const blockActivations = ['silu', 'swish', 'gelu', 'relu'] as const;

/** Transformer layers after each resnet of a block: one number for all, or one for each. */
export type TransformerLayers = number | readonly number[];

export interface UNet2DConditionConfig {
  readonly sample_size: number | null;
  readonly in_channels: number;
  readonly out_channels: number;
  readonly center_input_sample: boolean;
  readonly flip_sin_to_cos: boolean;
  readonly freq_shift: number;
  readonly down_block_types: readonly (typeof downBlockTypes)[number][];
  readonly mid_block_type: (typeof midBlockTypes)[number] | null;
  readonly up_block_types: readonly (typeof upBlockTypes)[number][];
  readonly only_cross_attention: readonly boolean[];
  readonly block_out_channels: readonly number[];
  readonly layers_per_block: readonly number[];
  readonly downsample_padding: number;
  readonly mid_block_scale_factor: number;
  readonly act_fn: Activation;
  readonly norm_num_groups: number;
  readonly norm_eps: number;
  readonly cross_attention_dim: readonly number[];
  readonly transformer_layers_per_block: readonly TransformerLayers[];
  /** Transformer layers in the order of the up blocks. */
  readonly reverse_transformer_layers_per_block: readonly TransformerLayers[];
  readonly num_attention_heads: readonly number[];
  readonly use_linear_projection: boolean;
  readonly resnet_time_scale_shift: TimeScaleShift;
  readonly time_embedding_dim: number;
  readonly time_embedding_act_fn: Activation | null;
  readonly timestep_post_act: Activation | null;
  /** SDXL: a pooled text and numbers of the image (sinusoids of `numbers` values each) are added to the time embedding. */
  readonly addition_embed: { readonly numbers: number; readonly inputs: number } | null;
  readonly conv_in_kernel: number;
  readonly conv_out_kernel: number;
}

const asActivation = (name: (typeof blockActivations)[number]): Activation => (name === 'swish' ? 'silu' : name);

function readActivation(reader: ConfigReader, key: string): Activation | null {
  const name = reader.oneOfOrNull(key, blockActivations, null);
  return name && asActivation(name);
}

function readBlockTypes<T extends string>(reader: ConfigReader, key: string, types: readonly T[], fallback: readonly T[]): readonly T[] {
  // upstream accepts this older spelling
  const spelled = reader.list(key, [...types, ...types.map((type) => `UNetRes${type}` as T)], fallback);
  return spelled.map((type) => type.replace(/^UNetRes/, '') as T);
}

function readSampleSize(reader: ConfigReader): number | null {
  const size = reader.raw('sample_size');
  if (Array.isArray(size))
    return size[0] === size[1] ? (size[0] as number) : reader.fail('sample_size', 'a default size that is not square is not supported');
  return reader.given('sample_size') ? reader.integer('sample_size', 64) : null;
}

/** Reads the number of heads, which upstream stores in `attention_head_dim`: https://github.com/huggingface/diffusers/issues/2011 */
function readHeads(reader: ConfigReader, blocks: number): readonly number[] {
  const key = reader.given('num_attention_heads') ? 'num_attention_heads' : 'attention_head_dim';
  return reader.integerPerBlock(key, 8, blocks);
}

function readTransformerLayers(
  reader: ConfigReader,
  layersPerBlock: readonly number[],
): readonly [TransformerLayers[], TransformerLayers[]] {
  const check = (key: string, lengths: readonly number[]): TransformerLayers[] => {
    const value = reader.raw(key);
    const list: unknown[] = Array.isArray(value) ? value : new Array<unknown>(lengths.length).fill(value ?? 1);
    const whole = (entry: unknown): boolean => isCount(entry, MOST_LAYERS);
    const fits =
      list.length === lengths.length &&
      list.every((entry, i) => whole(entry) || (Array.isArray(entry) && entry.length >= lengths[i] && entry.every(whole)));
    return fits
      ? (list as TransformerLayers[])
      : reader.fail(key, `expected a whole number from 1 to ${MOST_LAYERS} or a list of ${lengths.length}`);
  };
  const down = check('transformer_layers_per_block', layersPerBlock);
  if (reader.given('reverse_transformer_layers_per_block')) {
    return [down, check('reverse_transformer_layers_per_block', layersPerBlock.map((layers) => layers + 1).reverse())];
  }
  if (down.some((layers) => typeof layers !== 'number')) {
    reader.fail('transformer_layers_per_block', "lists inside the list also need 'reverse_transformer_layers_per_block'");
  }
  return [down, [...down].reverse()];
}

const NOT_TEXT_TO_IMAGE = 'upscalers and models of image variations are not text-to-image models';
const REMEDIES: Readonly<Record<string, string>> = {
  time_cond_proj_dim: 'for few steps, add the model that it was distilled from, and its LCM-LoRA as an adapter',
  class_embed_type: NOT_TEXT_TO_IMAGE,
  num_class_embeds: NOT_TEXT_TO_IMAGE,
};

function refuseUnsupported(reader: ConfigReader): void {
  reader.oneOf('_class_name', ['UNet2DConditionModel', 'FlaxUNet2DConditionModel'], 'UNet2DConditionModel');
  reader.unsupported('dropout', [0]);
  reader.unsupported('dual_cross_attention', [false]);
  reader.unsupported('time_embedding_type', ['positional']);
  reader.unsupported('attention_type', ['default']);
  reader.unsupported('class_embeddings_concat', [false]);
  const absent = ['encoder_hid_dim', 'encoder_hid_dim_type', 'class_embed_type', 'num_class_embeds', 'time_cond_proj_dim'];
  for (const key of absent) reader.unsupported(key, [], REMEDIES[key]);
}

function readAdditionEmbed(reader: ConfigReader): UNet2DConditionConfig['addition_embed'] {
  if (reader.oneOfOrNull('addition_embed_type', ['text_time'], null) === null) {
    for (const key of ['addition_time_embed_dim', 'projection_class_embeddings_input_dim']) reader.unsupported(key);
    return null;
  }
  return {
    numbers: reader.integer('addition_time_embed_dim', 256),
    inputs: reader.integer('projection_class_embeddings_input_dim', 2816),
  };
}

type BlockConfig = Pick<
  UNet2DConditionConfig,
  | 'down_block_types'
  | 'up_block_types'
  | 'block_out_channels'
  | 'layers_per_block'
  | 'only_cross_attention'
  | 'cross_attention_dim'
  | 'transformer_layers_per_block'
  | 'reverse_transformer_layers_per_block'
  | 'num_attention_heads'
>;

/** Reads the lists with one entry for each block. */
function readBlocks(reader: ConfigReader): BlockConfig {
  const downTypes = readBlockTypes(reader, 'down_block_types', downBlockTypes, [
    ...new Array(3).fill('CrossAttnDownBlock2D'),
    'DownBlock2D',
  ]);
  const upTypes = readBlockTypes(reader, 'up_block_types', upBlockTypes, ['UpBlock2D', ...new Array(3).fill('CrossAttnUpBlock2D')]);
  const channels = reader.integers('block_out_channels', [320, 640, 1280, 1280]);
  const blocks = downTypes.length;
  if (upTypes.length !== blocks) reader.fail('up_block_types', `expected as many as down_block_types: ${blocks}`);
  if (channels.length !== blocks) reader.fail('block_out_channels', `expected as many as down_block_types: ${blocks}`);
  const layersPerBlock = reader.integerPerBlock('layers_per_block', 2, blocks, MOST_LAYERS);
  const [transformerLayers, reverseTransformerLayers] = readTransformerLayers(reader, layersPerBlock);
  return {
    down_block_types: downTypes,
    up_block_types: upTypes,
    block_out_channels: channels,
    layers_per_block: layersPerBlock,
    only_cross_attention: reader.booleanPerBlock('only_cross_attention', false, blocks),
    cross_attention_dim: reader.integerPerBlock('cross_attention_dim', 1280, blocks),
    transformer_layers_per_block: transformerLayers,
    reverse_transformer_layers_per_block: reverseTransformerLayers,
    num_attention_heads: readHeads(reader, blocks),
  };
}

export function parseUNet2DConditionConfig(json: unknown): UNet2DConditionConfig {
  const reader = new ConfigReader('UNet2DConditionModel', json);
  refuseUnsupported(reader);
  const blocks = readBlocks(reader);
  return {
    ...blocks,
    sample_size: readSampleSize(reader),
    in_channels: reader.integer('in_channels', 4),
    out_channels: reader.integer('out_channels', 4),
    center_input_sample: reader.boolean('center_input_sample', false),
    flip_sin_to_cos: reader.boolean('flip_sin_to_cos', true),
    freq_shift: reader.number('freq_shift', 0),
    mid_block_type: reader.oneOfOrNull('mid_block_type', midBlockTypes, 'UNetMidBlock2DCrossAttn'),
    downsample_padding: reader.integer('downsample_padding', 1, 0),
    mid_block_scale_factor: reader.number('mid_block_scale_factor', 1),
    act_fn: asActivation(reader.oneOf('act_fn', blockActivations, 'silu')),
    norm_num_groups: reader.integer('norm_num_groups', 32),
    norm_eps: reader.number('norm_eps', 1e-5),
    use_linear_projection: reader.boolean('use_linear_projection', false),
    resnet_time_scale_shift: reader.oneOf('resnet_time_scale_shift', ['default', 'scale_shift'], 'default'),
    time_embedding_dim: reader.integer('time_embedding_dim', blocks.block_out_channels[0] * 4),
    time_embedding_act_fn: readActivation(reader, 'time_embedding_act_fn'),
    timestep_post_act: readActivation(reader, 'timestep_post_act'),
    addition_embed: readAdditionEmbed(reader),
    conv_in_kernel: reader.integer('conv_in_kernel', 3),
    conv_out_kernel: reader.integer('conv_out_kernel', 3),
  };
}
