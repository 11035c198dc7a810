// Converts between a diffusers folder and one safetensors file in the original layout, one tensor in memory at a time.
import { families, familyOf, type ComponentFiles, type ComponentName, type FamilyFiles, type JsonObject } from '@styleforge/model-files';
import { componentOf, readDiffusersFolder, type DiffusersFolder } from './diffusers-reader.ts';
import { writeDiffusersFolder } from './diffusers-writer.ts';
import { otherFileFault } from './other-files.ts';
import { scheduleMarks } from './stated-schedule.ts';
import { holdsOpenClip, openClipEntries, toOpenClipEntries } from './open-clip-names.ts';
import { originalNames, SingleFileError, type NameMap } from '@styleforge/model-files';
import { writeSafetensors, type TensorEntry, type WriteSafetensorsOptions } from '../tensors/safetensors-writer.ts';
import { checkWeights } from '../tensors/check-weights.ts';
import { openTensors } from '../tensors/open-tensors.ts';
import { type TensorReader } from '../tensors/tensor-reader.ts';

const namesOf = (folder: DiffusersFolder): [ComponentFiles, NameMap][] =>
  folder.family.components.map((files) => [files, originalNames(files.network, componentOf(folder, files.name).config)]);

/** The reason why this folder has no single-file form; null if it has one. */
export async function singleFileObstacle(directory: string): Promise<string | null> {
  try {
    namesOf(await readDiffusersFolder(directory));
    return null;
  } catch (error) {
    if (error instanceof SingleFileError) return error.message;
    throw error;
  }
}

function* originalEntries(prefix: string, names: NameMap, reader: TensorReader): Generator<TensorEntry> {
  for (const name of reader.names()) {
    const { shape } = reader.info(name);
    const widened = names.isConvolutionInOriginal(name) && shape.length === 2;
    yield { name: prefix + names.toOriginal(name), shape: widened ? [...shape, 1, 1] : shape, data: () => reader.read(name) };
  }
}

/** The prefix of an OpenCLIP text encoder, which computes with the exact GELU; undefined if the component has CLIP's names. */
const openClipPrefix = ({ singleFile: { prefix, openClipPrefix: found } }: ComponentFiles, config: JsonObject): string | undefined =>
  prefix === undefined || config.hidden_act === 'gelu' ? found : undefined;

/** Writes the folder's networks as ComfyUI and A1111 read them. Throws SingleFileError if the layout has no names for them. */
export async function writeSingleFile(path: string, directory: string, options: WriteSafetensorsOptions = { dtype: 'F16' }): Promise<void> {
  const folder = await readDiffusersFolder(directory);
  const names = namesOf(folder);
  const readers: TensorReader[] = [];
  try {
    const entries: TensorEntry[] = scheduleMarks(folder.schedulerConfig);
    for (const [files, map] of names) {
      const { config, openWeights } = componentOf(folder, files.name);
      const reader = await openWeights();
      readers.push(reader);
      const openClip = openClipPrefix(files, config);
      entries.push(
        ...(openClip === undefined ? originalEntries(files.singleFile.prefix ?? '', map, reader) : toOpenClipEntries(reader, openClip)),
      );
    }
    await writeSafetensors(path, entries, options);
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
}

const holdsPrefix = (reader: TensorReader, prefix: string): boolean => reader.names().some((name) => name.startsWith(prefix));

/** The prefix of a text encoder's tensors. Older trainers omitted its inner `text_model`. */
const prefixIn = ({ singleFile: { prefix = '', olderPrefix } }: ComponentFiles, reader: TensorReader): string =>
  olderPrefix !== undefined && !holdsPrefix(reader, prefix) ? olderPrefix : prefix;

/**
 * The name of a stored tensor in its network. Undefined for what a training stores in addition (`first_stage_model.loss.*`, averages,
 * constants), which is ignored. Throws for an unknown tensor of the U-Net, because the file then contains another model. Missing tensors
 * are found when the models are built.
 */
function placeOf({ network }: ComponentFiles, names: NameMap, stored: string): string | undefined {
  try {
    return names.toDiffusers(stored);
  } catch (error) {
    if (network !== 'unet' && error instanceof SingleFileError) return undefined;
    throw error;
  }
}

function* diffusersEntries(component: ComponentFiles, names: NameMap, reader: TensorReader): Generator<TensorEntry> {
  const prefix = prefixIn(component, reader);
  for (const stored of reader.names().filter((name) => name.startsWith(prefix))) {
    const name = placeOf(component, names, stored.slice(prefix.length));
    if (name === undefined) continue;
    const { shape } = reader.info(stored);
    const narrowed = names.isConvolutionInOriginal(name) && shape.length === 4;
    yield { name, shape: narrowed ? shape.slice(0, 2) : shape, data: () => reader.read(stored) };
  }
}

/** What a single file does not contain: the configs and the schedule of the model, and its vocabulary. */
export interface SingleFileLayout {
  readonly configs: Readonly<Partial<Record<ComponentName, JsonObject>>>;
  /** Names the family. */
  readonly modelIndex: JsonObject;
  readonly schedulerConfig: JsonObject;
  /** Files of each tokenizer, by the tokenizer's folder. */
  readonly tokenizers: Readonly<Record<string, string>>;
}

export interface SingleFileKind {
  readonly family: FamilyFiles;
  /** Whether the first text encoder is OpenCLIP's. */
  readonly openClip: boolean;
}

const isIn = ({ singleFile: { prefix, olderPrefix, openClipPrefix: openClip } }: ComponentFiles, reader: TensorReader): boolean =>
  (openClip !== undefined && holdsOpenClip(reader, openClip)) ||
  [prefix, olderPrefix].some((candidate) => candidate !== undefined && holdsPrefix(reader, candidate));

/** Throws SingleFileError if a network is missing, as in files of one network only. */
function requireNetworks(path: string, { title, components }: FamilyFiles, reader: TensorReader): void {
  const missing = components.find((component) => !isIn(component, reader));
  if (missing === undefined) return;
  const { name, singleFile } = missing;
  throw new SingleFileError(
    `${path} has the text encoders of ${title}, but no ${name} ('${singleFile.prefix}*'): take the file of the whole model`,
  );
}

/** The family of a single file, which the prefixes of its text encoders show. */
export async function singleFileKind(path: string): Promise<SingleFileKind> {
  const reader = await openTensors(path);
  try {
    for (const family of families) {
      const encoders = family.components.filter(({ network }) => network === 'text-encoder');
      if (!encoders.every((encoder) => isIn(encoder, reader))) continue;
      requireNetworks(path, family, reader);
      const { openClipPrefix: openClip } = encoders[0]!.singleFile;
      return { family, openClip: openClip !== undefined && holdsOpenClip(reader, openClip) };
    }
    throw new SingleFileError(`${path} ${otherFileFault(reader.names())}`);
  } finally {
    await reader.close();
  }
}

function entriesUnder(layout: SingleFileLayout, component: ComponentFiles, reader: TensorReader): TensorEntry[] {
  const config = layout.configs[component.name] ?? {};
  const { openClipPrefix: prefix } = component.singleFile;
  if (prefix !== undefined && holdsOpenClip(reader, prefix)) {
    const part = { prefix, layers: config.num_hidden_layers as number, projects: component.projects ?? false };
    return [...openClipEntries(reader, part)];
  }
  return [...diffusersEntries(component, originalNames(component.network, config), reader)];
}

/** Writes a single file as a diffusers folder of `layout`. Whether the tensors fit the configs is checked when the models are built. */
export async function unpackSingleFile(
  path: string,
  directory: string,
  layout: SingleFileLayout,
  options: WriteSafetensorsOptions & { files?: Record<string, string> } = {},
): Promise<void> {
  const reader = await openTensors(path);
  try {
    checkWeights(
      reader,
      path,
      reader.names().filter((name) => /\.(weight|bias)$/.test(name)),
    );
    const { modelIndex, schedulerConfig, tokenizers } = layout;
    const written = familyOf(modelIndex).components.map(
      (files) => [files.name, { config: layout.configs[files.name], weights: entriesUnder(layout, files, reader) }] as const,
    );
    const { files = {}, ...format } = options;
    const contents = { modelIndex, schedulerConfig, tokenizers, components: Object.fromEntries(written), files };
    await writeDiffusersFolder(directory, contents, format);
  } finally {
    await reader.close();
  }
}
