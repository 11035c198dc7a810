// Converts between a diffusers folder and one safetensors file in the original Stable Diffusion layout, one tensor in memory at a time.
import type { JsonObject } from '@styleforge/model-files';
import { readDiffusersFolder, type ComponentName, type DiffusersComponent, type DiffusersFolder } from './diffusers-reader.ts';
import { writeDiffusersFolder } from './diffusers-writer.ts';
import { holdsOpenClip, openClipEntries, toOpenClipEntries } from './open-clip-names.ts';
import { ORIGINAL_PREFIX, originalNames, SingleFileError, type NameMap } from './original-names.ts';
import { writeSafetensors, type TensorEntry, type WriteSafetensorsOptions } from './safetensors-writer.ts';
import { openTensors } from './open-tensors.ts';
import { type TensorReader } from './tensor-reader.ts';

const components: readonly ComponentName[] = ['unet', 'vae', 'text_encoder'];

const componentOf = (folder: DiffusersFolder, name: ComponentName): DiffusersComponent =>
  name === 'text_encoder' ? folder.textEncoder : folder[name];

const namesOf = (folder: DiffusersFolder): [ComponentName, NameMap][] =>
  components.map((name) => [name, originalNames(name, componentOf(folder, name).config)]);

/** Why this folder has no single-file form; null when it has one. */
export async function singleFileObstacle(directory: string): Promise<string | null> {
  try {
    namesOf(await readDiffusersFolder(directory));
    return null;
  } catch (error) {
    if (error instanceof SingleFileError) return error.message;
    throw error;
  }
}

function* originalEntries(component: ComponentName, names: NameMap, reader: TensorReader): Generator<TensorEntry> {
  for (const name of reader.names()) {
    const { shape } = reader.info(name);
    const widened = names.isConvolutionInOriginal(name) && shape.length === 2;
    yield {
      name: ORIGINAL_PREFIX[component] + names.toOriginal(name),
      shape: widened ? [...shape, 1, 1] : shape,
      data: () => reader.read(name),
    };
  }
}

/** Stable Diffusion 2.x has OpenCLIP's text encoder, which computes with the exact GELU. */
const isOpenClip = (component: ComponentName, { hidden_act: activation }: JsonObject): boolean =>
  component === 'text_encoder' && activation === 'gelu';

/** Writes the folder's U-Net, VAE and text encoder as ComfyUI and A1111 read them. Throws SingleFileError where the layout has no names for them. */
export async function writeSingleFile(path: string, directory: string, options: WriteSafetensorsOptions = { dtype: 'F16' }): Promise<void> {
  const folder = await readDiffusersFolder(directory);
  const names = namesOf(folder);
  const readers: TensorReader[] = [];
  try {
    const entries: TensorEntry[] = [];
    for (const [component, map] of names) {
      const { config, openWeights } = componentOf(folder, component);
      const reader = await openWeights();
      readers.push(reader);
      entries.push(...(isOpenClip(component, config) ? toOpenClipEntries(reader) : originalEntries(component, map, reader)));
    }
    await writeSafetensors(path, entries, options);
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
}

/** Older trainers wrote the text encoder without its inner `text_model`. */
const OLD_TEXT_PREFIX = 'cond_stage_model.transformer.';
const prefixIn = (component: ComponentName, reader: TensorReader): string =>
  component === 'text_encoder' && !reader.names().some((name) => name.startsWith(ORIGINAL_PREFIX.text_encoder))
    ? OLD_TEXT_PREFIX
    : ORIGINAL_PREFIX[component];

/**
 * What a training leaves beside the networks (`first_stage_model.loss.*`, averages, constants) has no place in them and stays behind. A tensor of
 * the U-Net that has none means another model. Whether all that is needed is there, the models tell.
 */
function placeOf(component: ComponentName, names: NameMap, stored: string): string | undefined {
  try {
    return names.toDiffusers(stored);
  } catch (error) {
    if (component !== 'unet' && error instanceof SingleFileError) return undefined;
    throw error;
  }
}

function* diffusersEntries(component: ComponentName, names: NameMap, reader: TensorReader): Generator<TensorEntry> {
  const prefix = prefixIn(component, reader);
  for (const stored of reader.names().filter((name) => name.startsWith(prefix))) {
    const name = placeOf(component, names, stored.slice(prefix.length));
    if (name === undefined) continue;
    const { shape } = reader.info(stored);
    const narrowed = names.isConvolutionInOriginal(name) && shape.length === 4;
    yield { name, shape: narrowed ? shape.slice(0, 2) : shape, data: () => reader.read(stored) };
  }
}

/** What a single file leaves out: the shape and the schedule of the model, and its vocabulary. */
export interface SingleFileLayout {
  readonly configs: Readonly<Record<ComponentName, JsonObject>>;
  readonly modelIndex: JsonObject;
  readonly schedulerConfig: JsonObject;
  readonly tokenizerDirectory: string;
}

/** Stable Diffusion 1.x has CLIP's text encoder, 2.x OpenCLIP's. */
export async function singleFileGeneration(path: string): Promise<'1' | '2'> {
  const reader = await openTensors(path);
  try {
    if (holdsOpenClip(reader)) return '2';
    if (reader.names().some((name) => name.startsWith(OLD_TEXT_PREFIX))) return '1';
    throw new SingleFileError(`${path} holds no text encoder of Stable Diffusion 1.x or 2.x: is it a whole checkpoint?`);
  } finally {
    await reader.close();
  }
}

function entriesUnder(layout: SingleFileLayout, component: ComponentName, reader: TensorReader): TensorEntry[] {
  const config = layout.configs[component];
  if (component === 'text_encoder' && holdsOpenClip(reader)) return [...openClipEntries(reader, config.num_hidden_layers as number)];
  return [...diffusersEntries(component, originalNames(component, config), reader)];
}

/** Turns a single file into a diffusers folder of `layout`. Whether its tensors are those that the configs ask for, the models tell. */
export async function unpackSingleFile(
  path: string,
  directory: string,
  layout: SingleFileLayout,
  options: WriteSafetensorsOptions & { files?: Record<string, string> } = {},
): Promise<void> {
  const reader = await openTensors(path);
  try {
    const written = components.map(
      (component) => [component, { config: layout.configs[component], weights: entriesUnder(layout, component, reader) }] as const,
    );
    const { modelIndex, schedulerConfig, tokenizerDirectory } = layout;
    const { files = {}, ...format } = options;
    await writeDiffusersFolder(
      directory,
      { modelIndex, schedulerConfig, tokenizerDirectory, components: Object.fromEntries(written), files },
      format,
    );
  } finally {
    await reader.close();
  }
}
