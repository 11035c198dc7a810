// Translates tensor names between the original Stable Diffusion single file and diffusers, for every topology that the configs describe.
import { type NetworkKind } from '../families/family.ts';
import { type JsonObject } from '../files/read-files.ts';

/** Thrown if a model cannot be written in the original layout, or a file is not in it. */
export class SingleFileError extends Error {
  override name = 'SingleFileError';
}

export interface NameMap {
  toOriginal(diffusers: string): string;
  toDiffusers(original: string): string;
  /** Whether the original layout stores the layer as a 1x1 convolution, and diffusers as a linear layer. Takes a diffusers name. */
  isConvolutionInOriginal(diffusers: string): boolean;
}

/** Map from the diffusers name of a part inside a block to its original name. */
type PartNames = Readonly<Record<string, string>>;

const unetResnet: PartNames = {
  norm1: 'in_layers.0',
  conv1: 'in_layers.2',
  time_emb_proj: 'emb_layers.1',
  norm2: 'out_layers.0',
  conv2: 'out_layers.3',
  conv_shortcut: 'skip_connection',
};
const vaeResnet: PartNames = { conv_shortcut: 'nin_shortcut' };
const vaeAttention: PartNames = { group_norm: 'norm', to_q: 'q', to_k: 'k', to_v: 'v', 'to_out.0': 'proj_out' };

interface Block {
  readonly diffusers: string;
  readonly original: string;
  /** Original names of parts; parts that are not listed keep their names. */
  readonly parts?: PartNames;
}

function listOf(config: JsonObject, key: string): string[] {
  const value = config[key];
  if (!Array.isArray(value) || value.length === 0) throw new SingleFileError(`the config has no list '${key}'`);
  return value as string[];
}

function layersOf(config: JsonObject, levels: number): number[] {
  const value = config.layers_per_block ?? 2;
  return Array.isArray(value) ? (value as number[]) : new Array<number>(levels).fill(value as number);
}

const hasAttention = (type: string): boolean => type.startsWith('CrossAttn');

function downBlocks(config: JsonObject): Block[] {
  const types = listOf(config, 'down_block_types');
  const layers = layersOf(config, types.length);
  const blocks: Block[] = [];
  let index = 1;
  types.forEach((type, level) => {
    for (let layer = 0; layer < layers[level]!; layer++, index++) {
      blocks.push({ diffusers: `down_blocks.${level}.resnets.${layer}`, original: `input_blocks.${index}.0`, parts: unetResnet });
      if (hasAttention(type)) blocks.push({ diffusers: `down_blocks.${level}.attentions.${layer}`, original: `input_blocks.${index}.1` });
    }
    if (level < types.length - 1)
      blocks.push({ diffusers: `down_blocks.${level}.downsamplers.0.conv`, original: `input_blocks.${index++}.0.op` });
  });
  return blocks;
}

function upBlocks(config: JsonObject): Block[] {
  const types = listOf(config, 'up_block_types');
  const layers = layersOf(config, types.length).toReversed();
  const blocks: Block[] = [];
  let index = 0;
  types.forEach((type, level) => {
    for (let layer = 0; layer <= layers[level]!; layer++, index++) {
      blocks.push({ diffusers: `up_blocks.${level}.resnets.${layer}`, original: `output_blocks.${index}.0`, parts: unetResnet });
      if (hasAttention(type)) blocks.push({ diffusers: `up_blocks.${level}.attentions.${layer}`, original: `output_blocks.${index}.1` });
    }
    const place = `output_blocks.${index - 1}.${hasAttention(type) ? 2 : 1}.conv`;
    if (level < types.length - 1) blocks.push({ diffusers: `up_blocks.${level}.upsamplers.0.conv`, original: place });
  });
  return blocks;
}

/** The middle block. Distilled models have one without attention, or none; the names are those of ComfyUI's files of them. */
function middleBlocks({ mid_block_type: type = 'UNetMidBlock2DCrossAttn' }: JsonObject): Block[] {
  const first = { diffusers: 'mid_block.resnets.0', original: 'middle_block.0', parts: unetResnet };
  if (type === null) return [];
  if (type === 'UNetMidBlock2D') return [first];
  if (type !== 'UNetMidBlock2DCrossAttn')
    throw new SingleFileError(`a U-Net with mid_block_type '${String(type)}' has no place in the original file layout`);
  return [
    first,
    { diffusers: 'mid_block.attentions.0', original: 'middle_block.1' },
    { diffusers: 'mid_block.resnets.1', original: 'middle_block.2', parts: unetResnet },
  ];
}

function unetBlocks(config: JsonObject): Block[] {
  for (const key of ['class_embed_type', 'encoder_hid_dim_type']) {
    if (config[key] !== undefined && config[key] !== null)
      throw new SingleFileError(`a U-Net with ${key} '${String(config[key])}' has no place in the original file layout`);
  }
  return [
    { diffusers: 'conv_in', original: 'input_blocks.0.0' },
    { diffusers: 'time_embedding.linear_1', original: 'time_embed.0' },
    { diffusers: 'time_embedding.linear_2', original: 'time_embed.2' },
    ...['linear_1', 'linear_2'].map((layer, i) => ({ diffusers: `add_embedding.${layer}`, original: `label_emb.0.${2 * i}` })),
    ...downBlocks(config),
    ...middleBlocks(config),
    ...upBlocks(config),
    { diffusers: 'conv_norm_out', original: 'out.0' },
    { diffusers: 'conv_out', original: 'out.2' },
  ];
}

/** Blocks of the VAE. `order` gives the original number of level i: the original counts the decoder's levels from the finest. */
function vaeLevels(half: 'encoder' | 'decoder', config: JsonObject): Block[] {
  const levels = listOf(config, half === 'encoder' ? 'down_block_types' : 'up_block_types').length;
  const layers = ((config.layers_per_block ?? 1) as number) + (half === 'decoder' ? 1 : 0);
  const [name, original, sampler, operation] =
    half === 'encoder'
      ? (['down_blocks', 'down', 'downsamplers', 'downsample'] as const)
      : (['up_blocks', 'up', 'upsamplers', 'upsample'] as const);
  return Array.from({ length: levels }, (_, level) => {
    const place = `${half}.${original}.${half === 'encoder' ? level : levels - 1 - level}`;
    const resnets = Array.from({ length: layers }, (__, layer) => ({
      diffusers: `${half}.${name}.${level}.resnets.${layer}`,
      original: `${place}.block.${layer}`,
      parts: vaeResnet,
    }));
    const resampler = { diffusers: `${half}.${name}.${level}.${sampler}.0.conv`, original: `${place}.${operation}.conv` };
    return level < levels - 1 ? [...resnets, resampler] : resnets;
  }).flat();
}

function vaeBlocks(config: JsonObject): Block[] {
  const half = (name: 'encoder' | 'decoder'): Block[] => [
    { diffusers: `${name}.conv_in`, original: `${name}.conv_in` },
    ...vaeLevels(name, config),
    { diffusers: `${name}.mid_block.resnets.0`, original: `${name}.mid.block_1`, parts: vaeResnet },
    { diffusers: `${name}.mid_block.attentions.0`, original: `${name}.mid.attn_1`, parts: vaeAttention },
    { diffusers: `${name}.mid_block.resnets.1`, original: `${name}.mid.block_2`, parts: vaeResnet },
    { diffusers: `${name}.conv_norm_out`, original: `${name}.norm_out` },
    { diffusers: `${name}.conv_out`, original: `${name}.conv_out` },
  ];
  const outer = ['quant_conv', 'post_quant_conv'].map((name) => ({ diffusers: name, original: name }));
  return [...half('encoder'), ...half('decoder'), ...outer];
}

function inverted(parts: PartNames): PartNames {
  return Object.fromEntries(Object.entries(parts).map(([diffusers, original]) => [original, diffusers]));
}

/** Splits `name` into the block at its start, which has a limited number of words, and the rest. */
function split(name: string, blocks: ReadonlyMap<string, Block>): [Block, string] | undefined {
  for (let end = name.lastIndexOf('.'); end > 0; end = name.lastIndexOf('.', end - 1)) {
    const block = blocks.get(name.slice(0, end));
    if (block) return [block, name.slice(end + 1)];
  }
  return undefined;
}

function renamePart(rest: string, parts: PartNames | undefined): string {
  const dot = rest.lastIndexOf('.');
  const renamed = dot < 0 ? undefined : parts?.[rest.slice(0, dot)];
  return renamed === undefined ? rest : renamed + rest.slice(dot);
}

function mapOf(blocks: readonly Block[], what: string): NameMap {
  const byDiffusers = new Map(blocks.map((block) => [block.diffusers, block]));
  const byOriginal = new Map(blocks.map((block) => [block.original, block]));
  const unknown = (name: string): never => {
    throw new SingleFileError(`the tensor '${name}' has no place in a ${what} of this config`);
  };
  return {
    toOriginal(name) {
      const [block, rest] = split(name, byDiffusers) ?? unknown(name);
      return `${block.original}.${renamePart(rest, block.parts)}`;
    },
    toDiffusers(name) {
      const [block, rest] = split(name, byOriginal) ?? unknown(name);
      return `${block.diffusers}.${renamePart(rest, block.parts && inverted(block.parts))}`;
    },
    isConvolutionInOriginal: (name) =>
      split(name, byDiffusers)?.[0].parts === vaeAttention && /(to_q|to_k|to_v|to_out\.0)\.weight$/.test(name),
  };
}

/** Names of a CLIP text encoder that both layouts share. */
const textNames = /^(embeddings\.(token|position)_embedding\.weight|encoder\.layers\.\d+\.|final_layer_norm\.)/;
const textEncoderMap: NameMap = {
  toOriginal: (name) => name,
  toDiffusers(name) {
    if (!textNames.test(name)) throw new SingleFileError(`the tensor '${name}' has no place in a text encoder`);
    return name;
  },
  isConvolutionInOriginal: () => false,
};

const maps: Readonly<Record<NetworkKind, (config: JsonObject) => NameMap>> = {
  unet: (config) => mapOf(unetBlocks(config), 'U-Net'),
  autoencoder: (config) => mapOf(vaeBlocks(config), 'VAE'),
  'text-encoder': () => textEncoderMap,
};

/**
 * The translation for a network, with names without the component's prefix. Throws SingleFileError for a model that the layout has no names
 * for.
 */
export const originalNames = (network: NetworkKind, config: JsonObject): NameMap => maps[network](config);
