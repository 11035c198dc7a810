// Writes a LoRA in the layout of diffusers, or in that of kohya, which ComfyUI and A1111 read.
import { type DiffusersFolder } from '../checkpoints/diffusers-reader.ts';
import { writeSafetensors, type TensorEntry } from '../tensors/safetensors-writer.ts';
import { layersOf } from './adapted-folder.ts';
import { type LoraLayer } from './lora.ts';
import { kohyaPrefix } from '@styleforge/model-files';

/** `up` with the scale of alpha multiplied into it, because diffusers uses the rank as alpha. */
function folded({ up, scale }: LoraLayer): Float32Array {
  return scale === 1 ? up : up.map((value) => value * scale);
}

const ATTENTION = /\.(to_q|to_k|to_v|to_out\.0|q_proj|k_proj|v_proj|out_proj)$/;

/**
 * The tensor names for a layer. diffusers' own names work for attention only: in a file with other layers, it ignores some of them. Such a
 * file has peft's names.
 */
function diffusersStem({ component, module }: LoraLayer, onlyAttention: boolean): [string, string, string] {
  const inText = component.startsWith('text_encoder');
  const stem = inText ? `${component}.text_model.${module}` : `${component}.${module}`;
  if (!onlyAttention) return [stem, 'lora_A.weight', 'lora_B.weight'];
  return inText ? [stem, 'lora_linear_layer.down.weight', 'lora_linear_layer.up.weight'] : [stem, 'lora.down.weight', 'lora.up.weight'];
}

/** `pytorch_lora_weights.safetensors`, as diffusers' load_lora_weights reads it. */
export async function writeDiffusersLora(path: string, layers: readonly LoraLayer[]): Promise<void> {
  const onlyAttention = layers.every(({ module }) => ATTENTION.test(module));
  const entries = layers.flatMap((layer): TensorEntry[] => {
    const [stem, down, up] = diffusersStem(layer, onlyAttention);
    return [
      { name: `${stem}.${down}`, shape: layer.downShape, data: layer.down },
      { name: `${stem}.${up}`, shape: layer.upShape, data: () => folded(layer) },
    ];
  });
  await writeSafetensors(path, entries, { dtype: 'F32' });
}

/** Metadata about the base model in a file with kohya's layout. */
export interface KohyaBase {
  readonly components: readonly string[];
  /** Returns the layer's name in kohya's layout, if it differs from diffusers'. */
  readonly nameOf: (component: string, layer: string) => string;
  readonly version: string;
}

export async function kohyaBase(folder: DiffusersFolder): Promise<KohyaBase> {
  const { layers, original } = await layersOf(folder);
  const { kohya } = folder.family;
  const width = folder.components.find(({ network }) => network === 'text-encoder')?.config.hidden_size as number;
  return {
    components: [...layers.keys()],
    nameOf: (component, layer) => (kohya.original ? original?.(component, layer) : undefined) ?? layer,
    version: kohya.version(width),
  };
}

/** Writes kohya's layout: one module name with underscores for each layer, with its alpha and its matrices. */
export async function writeKohyaLora(path: string, layers: readonly LoraLayer[], base: KohyaBase): Promise<void> {
  const entries = layers.flatMap((layer): TensorEntry[] => {
    const { component, module, rank, scale } = layer;
    const prefix = kohyaPrefix(component, base.components);
    const name = prefix.startsWith('lora_te') ? `text_model.${module}` : base.nameOf(component, module);
    const stem = `${prefix}_${name.replaceAll('.', '_')}`;
    return [
      { name: `${stem}.lora_down.weight`, shape: layer.downShape, data: layer.down },
      { name: `${stem}.lora_up.weight`, shape: layer.upShape, data: layer.up },
      { name: `${stem}.alpha`, shape: [], data: Float32Array.of(scale * rank) },
    ];
  });
  const [first] = layers;
  const metadata = {
    ss_base_model_version: base.version,
    ss_network_module: 'networks.lora',
    ss_network_dim: String(first?.rank ?? 0),
    ss_network_alpha: String(first ? first.scale * first.rank : 0),
  };
  await writeSafetensors(path, entries, { dtype: 'F32', metadata });
}
