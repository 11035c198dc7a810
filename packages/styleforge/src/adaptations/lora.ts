// LoRA (arXiv 2106.09685): the model does not change; selected layers add scale * B(A x), and only A and B train.
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Graph, type Tensor } from '@styleforge/autodiff';
import { type LoraAdaptation, type LoraTarget } from '@styleforge/contracts';
import { type AdaptedLayer, randomNormals } from '@styleforge/diffusion';
import { type ParameterBuffers } from '@styleforge/runtime';
import { kohyaBase, type LoraLayer, writeAdaptation, writeDiffusersLora, writeKohyaLora } from '@styleforge/weights';
import { TrainingInputError } from '../config.ts';
import { type TrainableModel } from '../model/model.ts';
import { componentOf, UNET_PREFIX } from '../model/parameter-names.ts';
import { type Adaptation, type AdaptationInputs, type WrittenFiles } from './adaptation.ts';
import { componentRates, isOfText } from './component-rates.ts';
import { writeMerged } from './merged.ts';

export const LORA_FILE = 'pytorch_lora_weights.safetensors';
/** The same matrices in the format of ComfyUI and A1111. */
export const KOHYA_LORA_FILE = join('kohya', 'lora.safetensors');
const A = '.lora_A.weight';
const B = '.lora_B.weight';

export const isLowRank = (name: string): boolean => name.endsWith(A) || name.endsWith(B);

/** Layers of a U-Net and of a text encoder that each target selects. */
const TARGETS: Record<LoraTarget, { readonly unet: RegExp; readonly textEncoder: RegExp | null }> = {
  attention: { unet: /\.attn\d\.(to_q|to_k|to_v|to_out\.0)$/, textEncoder: /\.self_attn\.(q|k|v|out)_proj$/ },
  feed_forward: { unet: /\.ff\.net\.(0\.proj|2)$/, textEncoder: /\.mlp\.fc[12]$/ },
  projections: { unet: /\.proj_(in|out)$/, textEncoder: null },
  convolutions: { unet: /\.(resnets\.\d+\.(conv1|conv2|conv_shortcut)|(down|up)samplers\.\d+\.conv)$/, textEncoder: null },
};

export type LoraSettings = Pick<LoraAdaptation, 'rank' | 'alpha' | 'targets'> & {
  readonly textEncoder: boolean;
  /** Blocks of the U-Net to which layers are limited. Default: no limit. */
  readonly blocks?: readonly string[] | undefined;
};

/** Whether the layer with this name gets matrices. */
export function targets(name: string, settings: LoraSettings): boolean {
  const inText = isOfText(name);
  if (settings.blocks && !settings.blocks.some((block) => name.startsWith(`${UNET_PREFIX}${block}.`))) return false;
  if (inText && !settings.textEncoder) return false;
  return settings.targets.some((target) => (inText ? TARGETS[target].textEncoder : TARGETS[target].unet)?.test(name));
}

/** output + scale * B(A(input)); a convolution's A has its kernel, stride and padding, its B is 1x1. */
export function addLowRank(
  graph: Graph,
  { name, input, output, convolution }: AdaptedLayer,
  { rank, alpha }: Pick<LoraSettings, 'rank' | 'alpha'>,
): Tensor {
  const outAxis = convolution ? 1 : output.shape.length - 1;
  const [inSize, outSize] = [input.shape[convolution ? 1 : input.shape.length - 1], output.shape[outAxis]];
  const kernel = convolution ? [convolution.kernel, convolution.kernel] : [];
  const a = graph.parameter(name + A, [rank, inSize, ...kernel]);
  const b = graph.parameter(name + B, [outSize, rank, ...kernel.map(() => 1)]);
  const inner = convolution
    ? graph.conv2d(input, a, undefined, { strides: convolution.strides, pads: convolution.pads })
    : graph.linear(input, a);
  const scaled = alpha === rank ? inner : graph.mul(inner, alpha / rank);
  return graph.add(output, convolution ? graph.conv2d(scaled, b) : graph.linear(scaled, b));
}

/**
 * Initial values: A is normal with standard deviation 1 / rank, as in diffusers; B is zero, so that the training starts from the base
 * model.
 */
export function initializeLora(trained: ParameterBuffers, rank: number, seed: number): void {
  for (const { name } of trained.specs) {
    const values = trained.get(name);
    if (name.endsWith(B)) values.fill(0);
    else if (name.endsWith(A))
      values.set(randomNormals({ seed, step: 0, purpose: `lora ${name}` }, values.length).map((value) => value / rank));
  }
}

/** The trained matrices in the format of the files. */
export function loraLayers(trained: ParameterBuffers, { rank, alpha }: Pick<LoraSettings, 'rank' | 'alpha'>): LoraLayer[] {
  const shapes = new Map(trained.specs.map(({ name, shape }) => [name, shape]));
  return trained.specs
    .filter(({ name }) => name.endsWith(A))
    .map(({ name, shape }) => {
      const layer = name.slice(0, -A.length);
      const component = componentOf(layer);
      const matrices = { down: trained.get(name), downShape: shape, up: trained.get(layer + B), upShape: shapes.get(layer + B)! };
      return { component, module: layer.slice(component.length + 1), rank, scale: alpha / rank, ...matrices };
    });
}

export async function writeLoraFiles(directory: string, layers: readonly LoraLayer[], model: TrainableModel): Promise<void> {
  const base = await kohyaBase(model.folder);
  await mkdir(dirname(join(directory, KOHYA_LORA_FILE)), { recursive: true });
  await writeDiffusersLora(join(directory, LORA_FILE), layers);
  await writeKohyaLora(join(directory, KOHYA_LORA_FILE), layers, base);
}

/** The blocks of a choice, by the part of an image that each controls. */
function blocksOf(
  { networks: { files } }: TrainableModel,
  choice: NonNullable<LoraAdaptation['blocks']>,
): Readonly<Record<string, string>> {
  const blocks = files.blocks[choice];
  if (blocks) return blocks;
  throw new TrainingInputError(
    `adaptation.blocks: ${choice} trains two blocks that only Stable Diffusion XL has, and the base model is a ` +
      `${files.title} model: omit blocks, or use a base model of Stable Diffusion XL`,
  );
}

/** Writes a file for each block, so that the style of one training can be combined with the content of another. */
async function writeParts(directory: string, layers: readonly LoraLayer[], parts: Readonly<Record<string, string>>): Promise<void> {
  for (const [part, block] of Object.entries(parts))
    await writeDiffusersLora(
      join(directory, `${part}.safetensors`),
      layers.filter(({ module }) => module.startsWith(`${block}.`)),
    );
}

export function loraAdaptation({ model, hyperparameters }: AdaptationInputs, config: LoraAdaptation): Adaptation {
  const parts = config.blocks && blocksOf(model, config.blocks);
  const settings = { ...config, textEncoder: hyperparameters.train_text_encoder, blocks: parts && Object.values(parts) };
  const write = async (directory: string, trained: ParameterBuffers, files: WrittenFiles): Promise<void> => {
    const layers = loraLayers(trained, config);
    await writeLoraFiles(directory, layers, model);
    if (parts) await writeParts(directory, layers, parts);
    const { kind, merged: _, ...trainedWith } = config;
    await writeAdaptation(directory, { kind, files: [LORA_FILE], settings: { ...trainedWith, text_encoder: settings.textEncoder } });
    if (config.merged && files.final)
      await writeMerged(join(directory, 'merged'), files.baseModelDirectory, [{ path: join(directory, LORA_FILE), strength: 1 }]);
  };
  return {
    kind: config.kind,
    trainsText: hyperparameters.train_text_encoder,
    adapter: { layer: (graph, layer) => (targets(layer.name, settings) ? addLowRank(graph, layer, settings) : layer.output) },
    ratesOf: (name) => (isLowRank(name) ? componentRates(name, hyperparameters) : null),
    initialize: (trained) => Promise.resolve(initializeLora(trained, config.rank, hyperparameters.seed)),
    write,
  };
}
