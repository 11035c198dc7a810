// Names of layers in LoRA files: diffusers' dotted names, old and new, kohya's names with underscores, and ComfyUI's.

/** The names of the model's layers, which reading requires. */
export interface ModelLayers {
  /** Layer names without `.weight`, by component. */
  readonly layers: ReadonlyMap<string, ReadonlySet<string>>;
  /** The layer's name in the original single-file layout, if the model has one. */
  readonly original?: (component: string, layer: string) => string | undefined;
}

export interface LayerPlace {
  readonly component: string;
  readonly module: string;
}

export type MatrixRole = 'down' | 'up' | 'alpha';

const roles: readonly [RegExp, MatrixRole][] = [
  [/\.(?:lora_linear_layer\.down|lora\.down|lora_down|lora_A(?:\.default(?:_\d+)?)?)\.weight$/, 'down'],
  [/\.(?:lora_linear_layer\.up|lora\.up|lora_up|lora_B(?:\.default(?:_\d+)?)?)\.weight$/, 'up'],
  [/\.alpha$/, 'alpha'],
];

/** Format of diffusers before 0.20: `attn1.processor.to_q_lora.down.weight`, in text encoders `self_attn.to_q_lora.down.weight`. */
const processorKey = /^(.*?)(?:\.processor)?\.(to_q|to_k|to_v|to_out)_lora\.(down|up)\.weight$/;
const TEXT_PROJECTIONS: Readonly<Record<string, string>> = { to_q: 'q_proj', to_k: 'k_proj', to_v: 'v_proj', to_out: 'out_proj' };

/** A tensor's name without its extension, and the role that the extension stands for. */
export function splitKey(key: string): { stem: string; role: MatrixRole } | undefined {
  const processor = processorKey.exec(key);
  if (processor) {
    const [, place = '', projection = '', role] = processor;
    const layer = place.endsWith('self_attn') ? TEXT_PROJECTIONS[projection] : projection === 'to_out' ? 'to_out.0' : projection;
    return { stem: `${place}.${layer}`, role: role as MatrixRole };
  }
  for (const [ending, role] of roles) if (ending.test(key)) return { stem: key.replace(ending, ''), role };
  return undefined;
}

const spellings: readonly [RegExp, string][] = [
  [/^base_model\.model\./, ''],
  // torch.compile and data parallelism wrap a model
  [/^(_orig_mod|module)\./, ''],
  [/^text_model\./, ''],
];

function dotted(stem: string, { layers }: ModelLayers): LayerPlace | undefined {
  for (const [component, names] of layers) {
    if (!stem.startsWith(`${component}.`)) continue;
    let module = stem.slice(component.length + 1);
    for (const [spelling, replacement] of spellings) module = module.replace(spelling, replacement);
    if (names.has(module)) return { component, module };
  }
  return undefined;
}

/** Prefix of kohya's names, which number the text encoders if there are two. */
export function kohyaPrefix(component: string, components: Iterable<string>): string {
  const encoders = [...components].filter((name) => name.startsWith('text_encoder')).sort();
  const at = encoders.indexOf(component);
  if (at < 0) return `lora_${component}`;
  return encoders.length > 1 ? `lora_te${at + 1}` : 'lora_te';
}

const underscored = (name: string): string => name.replaceAll('.', '_');

/** Names that ComfyUI gives to the text encoders, in their order. */
const COMFY_ENCODERS = [['clip_l', 'clip_h'], ['clip_g']];

/** Other names of the layer of a text encoder: numbered by kohya's programs, and ComfyUI's. */
function encoderNames(prefix: string, module: string): string[] {
  // some programs number the only text encoder, too
  const spelled = prefix === 'lora_te' ? [prefix, 'lora_te1'] : [prefix];
  const comfy = COMFY_ENCODERS[prefix === 'lora_te2' ? 1 : 0]!;
  return [
    ...spelled.map((start) => `${start}_text_model_${underscored(module)}`),
    ...comfy.map((name) => `text_encoders.${name}.transformer.text_model.${module}`),
  ];
}

/** Names of all layers of the model in kohya's and ComfyUI's files, because names with underscores cannot be split. */
export function kohyaNames(model: ModelLayers): ReadonlyMap<string, LayerPlace> {
  const places = new Map<string, LayerPlace>();
  for (const [component, modules] of model.layers) {
    const prefix = kohyaPrefix(component, model.layers.keys());
    for (const module of modules) {
      const place = { component, module };
      places.set(`${prefix}_${underscored(module)}`, place);
      if (prefix.startsWith('lora_te')) {
        for (const name of encoderNames(prefix, module)) places.set(name, place);
        continue;
      }
      // SimpleTuner's prefix of LyCORIS files, which may be plain LoRAs
      if (component === 'unet') places.set(`lycoris_${underscored(module)}`, place);
      const original = model.original?.(component, module);
      if (original === undefined) continue;
      places.set(`${prefix}_${underscored(original)}`, place);
      if (component === 'unet') places.set(`diffusion_model.${original}`, place);
    }
  }
  return places;
}

/** A text encoder's layer without its component, as in peft's files; undefined if two text encoders have the layer. */
function inTextEncoder(stem: string, model: ModelLayers): LayerPlace | undefined {
  const encoders = [...model.layers.keys()].filter((name) => name.startsWith('text_encoder'));
  const [place, other] = encoders.flatMap((name) => dotted(`${name}.${stem}`, model) ?? []);
  return other === undefined ? place : undefined;
}

/** The layer of a stem; undefined if the model has no such layer. */
export function placeOf(stem: string, model: ModelLayers, kohya: ReadonlyMap<string, LayerPlace>): LayerPlace | undefined {
  return dotted(stem, model) ?? kohya.get(stem) ?? dotted(`unet.${stem}`, model) ?? inTextEncoder(stem, model);
}
