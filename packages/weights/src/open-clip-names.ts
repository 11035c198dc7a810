// The text encoder of a Stable Diffusion 2.x single file, which is OpenCLIP's: its tensors under the names of transformers' CLIPTextModel.
import { SingleFileError } from './original-names.ts';
import type { TensorEntry } from './safetensors-writer.ts';
import type { TensorReader } from './tensor-reader.ts';

const PREFIX = 'cond_stage_model.model.';

const outer: Readonly<Record<string, string>> = {
  'token_embedding.weight': 'embeddings.token_embedding.weight',
  positional_embedding: 'embeddings.position_embedding.weight',
  'ln_final.weight': 'final_layer_norm.weight',
  'ln_final.bias': 'final_layer_norm.bias',
};
const inner: Readonly<Record<string, string>> = {
  ln_1: 'layer_norm1',
  ln_2: 'layer_norm2',
  'attn.out_proj': 'self_attn.out_proj',
  'mlp.c_fc': 'mlp.fc1',
  'mlp.c_proj': 'mlp.fc2',
};
const projections = ['q_proj', 'k_proj', 'v_proj'] as const;

export const holdsOpenClip = (reader: TensorReader): boolean => reader.has(`${PREFIX}positional_embedding`);

/** Query, key and value are thirds of one tensor there. */
function* thirds(reader: TensorReader, stored: string, layer: string, part: string): Generator<TensorEntry> {
  const [rows, ...columns] = reader.info(stored).shape;
  if (rows === undefined || rows % 3 !== 0) throw new SingleFileError(`'${stored}' cannot be split into query, key and value`);
  for (const [i, projection] of projections.entries()) {
    const data = async (): Promise<Float32Array> => {
      const whole = await reader.read(stored);
      return whole.slice((i * whole.length) / 3, ((i + 1) * whole.length) / 3);
    };
    yield { name: `${layer}.self_attn.${projection}.${part}`, shape: [rows / 3, ...columns], data };
  }
}

/** The first `layers` layers: the last one of the file is not used by Stable Diffusion. */
export function* openClipEntries(reader: TensorReader, layers: number): Generator<TensorEntry> {
  for (const stored of reader.names().filter((name) => name.startsWith(PREFIX))) {
    const name = stored.slice(PREFIX.length);
    const entry = { shape: reader.info(stored).shape, data: () => reader.read(stored) };
    if (outer[name]) yield { name: outer[name], ...entry };
    const [, number, part = '', end = ''] = /^transformer\.resblocks\.(\d+)\.(.+?)[._](weight|bias)$/.exec(name) ?? [];
    if (number === undefined || Number(number) >= layers) continue;
    const layer = `encoder.layers.${number}`;
    if (part === 'attn.in_proj') yield* thirds(reader, stored, layer, end);
    else if (inner[part]) yield { name: `${layer}.${inner[part]}.${end}`, ...entry };
    else throw new SingleFileError(`the tensor '${stored}' has no place in a text encoder of this config`);
  }
}
