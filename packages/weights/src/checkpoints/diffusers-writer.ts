// Writes a checkpoint in the diffusers folder layout: everything into a temporary folder, which is then renamed.
import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncDirectory, temporaryName, writeFileAtomically } from '../files/atomic-file.ts';
import {
  exists,
  familyOf,
  ModelFileError,
  readJson,
  TOKENIZER_FILES,
  type ComponentFiles,
  type ComponentName,
  type JsonObject,
  type NetworkKind,
} from '@styleforge/model-files';
import { weightsFileNames } from './diffusers-reader.ts';
import { writeSafetensors, type TensorEntry, type WriteSafetensorsOptions } from '../tensors/safetensors-writer.ts';

export interface WrittenComponent {
  /** Default: the base folder's config. */
  config?: JsonObject;
  /** Default: the base folder's weights file. Uses current names (key-names). */
  weights?: Iterable<TensorEntry> | AsyncIterable<TensorEntry>;
}

export interface DiffusersFolderContents {
  /** A diffusers folder, from which everything is copied that is not given here. */
  base?: string;
  modelIndex?: JsonObject;
  schedulerConfig?: JsonObject;
  /** Folders with the files of each tokenizer, by the tokenizer's folder in the checkpoint. */
  tokenizers?: Readonly<Record<string, string>>;
  components?: Partial<Record<ComponentName, WrittenComponent>>;
  /** Additional files, by path inside the folder. */
  files?: Record<string, string | Uint8Array>;
}

// Not copied: large, not trained, and optional in every pipeline that names them.
const droppedComponents = ['safety_checker', 'image_encoder'];

// Fields in which transformers 5 refuses an integer. JSON.stringify writes 1.0 as one.
const floatFields =
  /"(attention_dropout|dropout|initializer_factor|initializer_range|layer_norm_eps|logit_scale_init_value)": (-?\d+)(?=[,\n])/g;

async function writeJson(path: string, value: JsonObject): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const json = JSON.stringify(value, null, 2).replace(floatFields, '"$1": $2.0');
  await writeFileAtomically(path, (handle) => handle.writeFile(`${json}\n`));
}

/** Writes a given config, or copies the base folder's byte for byte, because its format is not ours. */
async function writeConfig(path: string, given: JsonObject | undefined, carried: string | undefined): Promise<void> {
  if (given) return writeJson(path, given);
  await mkdir(dirname(path), { recursive: true });
  await copyOver(requireBase(carried, path), path);
}

async function copyOver(from: string, to: string): Promise<void> {
  if (!(await exists(from))) throw new ModelFileError(from, 'is missing: download the whole folder');
  await copyFile(from, to, constants.COPYFILE_FICLONE);
}

/** Whether a file belongs to a part of a pipeline. Files that desktops create (`.DS_Store`, `._vocab.json`, `vocab (1).json`) do not. */
const partFiles = (part: string): ((name: string) => boolean) =>
  /^tokenizer(_\d+)?$/.test(part)
    ? (name) => (TOKENIZER_FILES as readonly string[]).includes(name)
    : (name) => /^[A-Za-z0-9][\w-]*(\.[\w-]+)*\.(json|txt|model)$/.test(name);

async function copyPart(part: string, from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const belongs = partFiles(part);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (!entry.isDirectory() && belongs(entry.name))
      await copyFile(join(from, entry.name), join(to, entry.name), constants.COPYFILE_FICLONE);
  }
  await syncDirectory(to);
}

function requireBase(base: string | undefined, what: string): string {
  if (base === undefined) throw new Error(`${what} is neither given nor to be carried over: name a base folder or give it`);
  return base;
}

/** The weights file that the reader would open, and the shards that it names. */
async function carriedWeights(directory: string, network: NetworkKind): Promise<string[]> {
  for (const name of weightsFileNames(network)) {
    if (!(await exists(join(directory, name)))) continue;
    if (!name.endsWith('.json')) return [name];
    const index = (await readJson(join(directory, name))) as { weight_map?: Record<string, string> };
    return [name, ...new Set(Object.values(index.weight_map ?? {}).map((file) => basename(file)))];
  }
  throw new Error(`${directory} contains no safetensors weights to carry over`);
}

async function* written(network: NetworkKind, weights: Iterable<TensorEntry> | AsyncIterable<TensorEntry>): AsyncGenerator<TensorEntry> {
  // transformers 4 finds a text encoder's weights only under this prefix, and transformers 5 accepts it. The projection never has it.
  const prefix = network === 'text-encoder' ? 'text_model.' : '';
  for await (const entry of weights) {
    yield entry.name.startsWith(prefix) || entry.name.startsWith('text_projection.') ? entry : { ...entry, name: prefix + entry.name };
  }
}

async function writeComponent(
  directory: string,
  { name: folder, network }: ComponentFiles,
  contents: DiffusersFolderContents,
  options: WriteSafetensorsOptions,
): Promise<void> {
  const { config, weights } = contents.components?.[folder] ?? {};
  const target = join(directory, folder);
  await mkdir(target);
  const base = contents.base === undefined ? undefined : join(contents.base, folder);
  await writeConfig(join(target, 'config.json'), config, base && join(base, 'config.json'));
  if (weights) {
    await writeSafetensors(join(target, weightsFileNames(network)[0]!), written(network, weights), options);
    return;
  }
  const source = requireBase(base, `${folder} weights`);
  for (const name of await carriedWeights(source, network)) {
    await copyOver(join(source, name), join(target, name));
  }
  await syncDirectory(target);
}

function withoutDropped(modelIndex: JsonObject): JsonObject {
  const kept: JsonObject = { ...modelIndex };
  for (const name of droppedComponents) if (name in kept) kept[name] = [null, null];
  if ('safety_checker' in kept) kept.requires_safety_checker = false;
  return kept;
}

/** Copies the files of pipeline parts that are not networks, such as feature_extractor. */
async function carryOthers(directory: string, base: string, modelIndex: JsonObject, done: readonly string[]): Promise<void> {
  for (const [name, value] of Object.entries(modelIndex)) {
    const named = Array.isArray(value) && value[0] !== null;
    if (!named || done.includes(name) || droppedComponents.includes(name)) continue;
    if (await exists(join(base, name))) await copyPart(name, join(base, name), join(directory, name));
  }
}

async function fill(directory: string, contents: DiffusersFolderContents, options: WriteSafetensorsOptions): Promise<void> {
  const { base } = contents;
  const modelIndex = contents.modelIndex ?? (await readJson(join(requireBase(base, 'modelIndex'), 'model_index.json')));
  const { components } = familyOf(modelIndex);
  for (const component of components) await writeComponent(directory, component, contents, options);
  const schedulerPath = join('scheduler', 'scheduler_config.json');
  await writeConfig(join(directory, schedulerPath), contents.schedulerConfig, base && join(base, schedulerPath));
  const done: string[] = [...components.map(({ name }) => name), 'scheduler'];
  for (const [folder, source] of Object.entries(contents.tokenizers ?? {})) {
    await copyPart(folder, source, join(directory, folder));
    done.push(folder);
  }
  if (base !== undefined) await carryOthers(directory, base, modelIndex, done);
  for (const [name, body] of Object.entries(contents.files ?? {})) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFileAtomically(join(directory, name), (handle) => handle.writeFile(body));
  }
  await writeJson(join(directory, 'model_index.json'), withoutDropped(modelIndex));
}

/** Writes a checkpoint. Replaces `directory` once the new folder is complete. */
export async function writeDiffusersFolder(
  directory: string,
  contents: DiffusersFolderContents,
  options: WriteSafetensorsOptions = {},
): Promise<void> {
  const temporary = temporaryName(directory);
  await mkdir(dirname(directory), { recursive: true });
  await mkdir(temporary);
  try {
    await fill(temporary, contents, options);
    await syncDirectory(temporary);
    if (await exists(directory)) {
      const previous = temporaryName(directory);
      await rename(directory, previous);
      await rename(temporary, directory);
      await rm(previous, { recursive: true });
    } else {
      await rename(temporary, directory);
    }
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  await syncDirectory(dirname(directory));
}
