// Writes a LoRA in the layouts of diffusers and of kohya: the second is what ComfyUI and A1111 read.
import { type DiffusersFolder } from '../checkpoints/diffusers-reader.ts';
import { writeSafetensors, type TensorEntry } from '../tensors/safetensors-writer.ts';
import { layersOf } from './adapted-folder.ts';
import { type LoraLayer } from './lora.ts';
import { kohyaPrefix } from '@styleforge/model-files';

/** diffusers uses the rank as alpha, so the scale of another alpha is folded into `up`. */
function folded({ up, scale }: LoraLayer): Float32Array {
  return scale === 1 ? up : up.map((value) => value * scale);
}

const ATTENTION = /\.(to_q|to_k|to_v|to_out\.0|q_proj|k_proj|v_proj|out_proj)$/;

/** diffusers' own names are for attention alone: beside other layers it takes some of them for nothing, so that a mixed file has peft's names. */
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

/** Metadata about the base model in kohya's layout. */
export interface KohyaBase {
  readonly components: readonly string[];
  /** The layer's name there, where it is not diffusers' own. */
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

/** One module name with underscores a layer, its alpha beside its matrices. */
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
