// Converts OpenCLIP's text encoder in a single file to the names of transformers' CLIPTextModel, and back.
import { SingleFileError } from '@styleforge/model-files';
import type { TensorEntry } from '../tensors/safetensors-writer.ts';
import type { TensorReader } from '../tensors/tensor-reader.ts';

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

/** Names of the projection: a matrix [width, projection] in OpenCLIP, a linear layer [projection, width] in transformers. */
const PROJECTION = { openClip: 'text_projection', transformers: 'text_projection.weight' } as const;

export const holdsOpenClip = (reader: TensorReader, prefix: string): boolean => reader.has(`${prefix}positional_embedding`);

function transposed(reader: TensorReader, stored: string, name: string): TensorEntry {
  const [rows = 0, columns = 0] = reader.info(stored).shape;
  const data = async (): Promise<Float32Array> => {
    const matrix = await reader.read(stored);
    return matrix.map((_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]!);
  };
  return { name, shape: [columns, rows], data };
}

/** Splits a tensor of OpenCLIP into query, key and value, a third each. */
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

export interface OpenClipPart {
  readonly prefix: string;
  /** Number of layers to read. Stable Diffusion 2.x skips the last one. */
  readonly layers: number;
  readonly projects: boolean;
}

export function* openClipEntries(reader: TensorReader, { prefix, layers, projects }: OpenClipPart): Generator<TensorEntry> {
  for (const stored of reader.names().filter((name) => name.startsWith(prefix))) {
    const name = stored.slice(prefix.length);
    const entry = { shape: reader.info(stored).shape, data: () => reader.read(stored) };
    if (outer[name]) yield { name: outer[name], ...entry };
    if (projects && name === PROJECTION.openClip) yield transposed(reader, stored, PROJECTION.transformers);
    const [, number, part = '', end = ''] = /^transformer\.resblocks\.(\d+)\.(.+?)[._](weight|bias)$/.exec(name) ?? [];
    if (number === undefined || Number(number) >= layers) continue;
    const layer = `encoder.layers.${number}`;
    if (part === 'attn.in_proj') yield* thirds(reader, stored, layer, end);
    else if (inner[part]) yield { name: `${layer}.${inner[part]}.${end}`, ...entry };
  }
}

const inverted = (names: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(names).map(([openClip, transformers]) => [transformers, openClip]));
const toOuter = inverted(outer);
const toInner = inverted(inner);

/**
 * The tensors of a transformers text encoder with OpenCLIP's names, with query, key and value joined. The layer that Stable Diffusion does
 * not use is missing.
 */
export function* toOpenClipEntries(reader: TensorReader, prefix: string): Generator<TensorEntry> {
  for (const name of reader.names()) {
    const { shape } = reader.info(name);
    const entry = { shape, data: () => reader.read(name) };
    const [, number, part = '', end = ''] = /^encoder\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
    const place = `${prefix}transformer.resblocks.${number}`;
    if (toOuter[name]) yield { name: prefix + toOuter[name], ...entry };
    else if (name === PROJECTION.transformers) yield transposed(reader, name, prefix + PROJECTION.openClip);
    else if (number !== undefined && toInner[part]) yield { name: `${place}.${toInner[part]}.${end}`, ...entry };
    else if (part === 'self_attn.q_proj') yield joined(reader, name, `${place}.attn.in_proj_${end}`);
    else if (!projections.some((projection) => part === `self_attn.${projection}`))
      throw new SingleFileError(`the tensor '${name}' of the text encoder has no place in OpenCLIP's layout`);
  }
}

/** Joins query, key and value by rows. */
function joined(reader: TensorReader, query: string, name: string): TensorEntry {
  const [rows = 0, ...columns] = reader.info(query).shape;
  const data = async (): Promise<Float32Array> => {
    const parts = await Promise.all(projections.map((projection) => reader.read(query.replace('q_proj', projection))));
    const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
    parts.reduce((offset, part) => (whole.set(part, offset), offset + part.length), 0);
    return whole;
  };
  return { name, shape: [projections.length * rows, ...columns], data };
}
