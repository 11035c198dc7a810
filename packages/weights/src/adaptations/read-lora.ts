// Reads LoRA files of diffusers (current and older keys), peft and kohya for the layers of one model.
import { basename, dirname, join } from 'node:path';
import { exists, readJson } from '@styleforge/model-files';
import { type TensorReader } from '../tensors/tensor-reader.ts';
import { AdapterFileError, type LoraLayer } from './lora.ts';
import { kohyaNames, placeOf, splitKey, type LayerPlace, type ModelLayers } from '@styleforge/model-files';

interface Parts {
  readonly place: LayerPlace;
  down?: string;
  up?: string;
  alpha?: string;
}

/** Whether these names are those of a LoRA's tensors. */
export function holdsLora(names: readonly string[]): boolean {
  return names.some((name) => splitKey(name)?.role === 'down');
}

function partsOf(names: readonly string[], model: ModelLayers, file: string): Map<string, Parts> {
  const kohya = kohyaNames(model);
  const parts = new Map<string, Parts>();
  const unknown: string[] = [];
  for (const name of names) {
    const key = splitKey(name);
    const place = key && placeOf(key.stem, model, kohya);
    if (!place) {
      unknown.push(name);
      continue;
    }
    const id = `${place.component}.${place.module}`;
    const part = parts.get(id) ?? { place };
    if (part[key.role] !== undefined) throw new AdapterFileError(`${file}: '${name}' and '${part[key.role]}' are both of the layer ${id}`);
    part[key.role] = name;
    parts.set(id, part);
  }
  if (unknown.length > 0) {
    const more = unknown.length > 3 ? ` and ${unknown.length - 3} more` : '';
    const named = unknown.slice(0, 3).map((name) => `'${name}'`);
    throw new AdapterFileError(
      `${file}: ${named.join(', ')}${more} belong to no layer of this model: is it a LoRA for another base model?`,
    );
  }
  return parts;
}

/** Returns a layer's alpha, as in the metadata of diffusers: one value for each component, with exceptions by pattern. */
type AlphaOf = (place: LayerPlace, rank: number) => number;

interface LoraConfig {
  readonly alpha: unknown;
  readonly patterns: Readonly<Record<string, number>>;
  /** Whether alpha is divided by the square root of the rank. */
  readonly rankStabilized: boolean;
}

/** Whether the pattern matches as in peft: it is a regular expression for the end of the layer's name. */
function endsInPattern(module: string, pattern: string): boolean {
  if (module === pattern || module.endsWith(`.${pattern}`)) return true;
  if (pattern.length > LONGEST_PATTERN || !/^[\w.^$*+|()[\]\\-]+$/.test(pattern) || NESTED_REPEAT.test(pattern)) return false;
  return new RegExp(`^(?:.*\\.)?(?:${pattern})$`).test(module);
}

/** Maximum length of a pattern. Patterns come from unknown files, and nested repetitions could run forever. */
const LONGEST_PATTERN = 200;
const NESTED_REPEAT = /[*+].*[*+].*[*+]|\)[*+]/;

const alphaFrom =
  ({ alpha, patterns, rankStabilized }: LoraConfig): AlphaOf =>
  ({ module }, rank) => {
    const named = Object.entries(patterns).find(([pattern]) => endsInPattern(module, pattern));
    const stated = named?.[1] ?? alpha;
    const value = typeof stated === 'number' ? stated : rank;
    return rankStabilized ? value * Math.sqrt(rank) : value;
  };

function metadataAlpha(reader: TensorReader & { metadata?: Readonly<Record<string, string>> }, file: string): AlphaOf {
  const text = reader.metadata?.lora_adapter_metadata;
  if (text === undefined) return (_, rank) => rank;
  let settings: Record<string, unknown>;
  try {
    settings = JSON.parse(text) as Record<string, unknown>;
  } catch (cause) {
    throw new AdapterFileError(`${file}: its metadata lora_adapter_metadata is not valid JSON`, { cause });
  }
  return (place, rank) =>
    alphaFrom({
      alpha: settings[`${place.component}.lora_alpha`],
      patterns: (settings[`${place.component}.alpha_pattern`] ?? {}) as Record<string, number>,
      rankStabilized: settings[`${place.component}.use_rslora`] === true,
    })(place, rank);
}

/** Name of the file in which peft stores alpha. */
const PEFT_CONFIG = 'adapter_config.json';

async function peftAlpha(path: string): Promise<AlphaOf | undefined> {
  const beside = join(dirname(path), PEFT_CONFIG);
  if (!basename(path).startsWith('adapter_model.') || !(await exists(beside))) return undefined;
  const { lora_alpha: alpha, alpha_pattern: patterns, use_rslora: rank_stabilized } = await readJson(beside);
  return alphaFrom({ alpha, patterns: (patterns ?? {}) as Record<string, number>, rankStabilized: rank_stabilized === true });
}

async function readLayer(reader: TensorReader, { place, down, up, alpha }: Parts, alphaOf: AlphaOf, file: string): Promise<LoraLayer> {
  const layer = `${place.component}.${place.module}`;
  if (down === undefined || up === undefined)
    throw new AdapterFileError(`${file}: the layer ${layer} has only one of its two matrices; the file is incomplete`);
  const [downShape, upShape] = [reader.info(down).shape, reader.info(up).shape];
  const rank = downShape[0];
  if (upShape[1] !== rank) throw new AdapterFileError(`${file}: '${up}' [${upShape}] and '${down}' [${downShape}] have different ranks`);
  const stated = alpha === undefined ? alphaOf(place, rank) : (await reader.read(alpha))[0];
  return { ...place, rank, scale: stated / rank, downShape, upShape, down: await reader.read(down), up: await reader.read(up) };
}

/** The layers of a LoRA file. Throws AdapterFileError if a tensor belongs to no layer of the model. */
export async function readLora(reader: TensorReader, path: string, model: ModelLayers): Promise<LoraLayer[]> {
  const file = basename(path);
  const alphaOf = (await peftAlpha(path)) ?? metadataAlpha(reader, file);
  const layers: LoraLayer[] = [];
  for (const parts of partsOf(reader.names(), model, file).values()) layers.push(await readLayer(reader, parts, alphaOf, file));
  return layers;
}
