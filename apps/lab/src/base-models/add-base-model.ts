// Installs a checkpoint of any supported source and format in the folder of base models.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { baseModelName, baseModelProfile, type BaseModelProfile } from '@styleforge/contracts';
import { checkModelIndex, describeNetworks, ModelFileError } from '@styleforge/model-files';
import { checkModel } from '@styleforge/styleforge';
import {
  ChecksumError,
  diffusersFolderFiles,
  exists,
  fetchInto,
  readDiffusersFolder,
  readJson,
  sha256OfFile,
  singleFileKind,
  type JsonObject,
  statedSchedule,
  unpackSingleFile,
  withoutSecrets,
  writeDiffusersFolder,
} from '@styleforge/weights';
import { layoutOf, type PredictionType, singleFileLayout } from './layouts.ts';
import { matchTokenizer } from './match-tokenizer.ts';
import { openRemote, type RemoteFile, type RemoteFiles, type RemoteOptions } from './remote-files.ts';

export interface AddBaseModelOptions extends RemoteOptions {
  readonly directory: string;
  readonly name: string;
  readonly source: string;
  /** SHA-256 of each file by its path inside the folder; a single file has the path ''. */
  readonly sha256: ReadonlyMap<string, string>;
  /** Folder with the configs for a single file. Default: Stable Diffusion 1.x or 2.x. */
  readonly configDirectory?: string;
  /** Prediction type of the model, which overrides its scheduler config. */
  readonly predictionType?: PredictionType;
  readonly profile: Partial<BaseModelProfile>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (file: string, received: number, total: number | undefined) => void;
  /** Called when a part of the model was repaired while it was added. */
  readonly onNote?: (note: string) => void;
  /** Milliseconds between two attempts to reach the source. */
  readonly backoffMs?: number;
}

const MODEL_INDEX = 'model_index.json';

/** Folder for the unfinished files of one base model; its name is not a valid base model's name. */
const workDirectory = (directory: string, source: string): string =>
  join(directory, '.downloads', createHash('sha256').update(withoutSecrets(source)).digest('hex').slice(0, 16));

async function fetchFile(
  remote: RemoteFiles,
  file: RemoteFile,
  target: string,
  asked: string | undefined,
  { signal, onProgress, backoffMs }: AddBaseModelOptions,
): Promise<void> {
  if (asked && file.sha256 && asked.toLowerCase() !== file.sha256)
    throw new ChecksumError(`${file.path} has the sha256 ${file.sha256} at ${remote.source}, ${asked} was asked for`);
  const { path, size, gitSha1, sha256 = asked } = file;
  await fetchInto(target, (start) => remote.open(path, start, signal), {
    ...(size !== undefined && { size }),
    ...(sha256 && { sha256 }),
    ...(gitSha1 && { gitSha1 }),
    ...(signal && { signal }),
    ...(backoffMs !== undefined && { backoffMs }),
    onProgress: ({ receivedBytes, totalBytes }) => onProgress?.(path, receivedBytes, totalBytes),
  });
}

/** Fetches the source to a local folder or file, and returns its path. */
async function fetchAll(remote: RemoteFiles, work: string, options: AddBaseModelOptions): Promise<string> {
  if (remote.single) {
    const target = join(work, 'model.safetensors');
    await fetchFile(remote, remote.single, target, options.sha256.get(''), options);
    return target;
  }
  const folder = join(work, 'folder');
  const index = remote.files.find(({ path }) => path === MODEL_INDEX);
  if (index !== undefined) {
    await fetchFile(remote, index, join(folder, index.path), options.sha256.get(index.path), options);
    await checkModelIndex(
      folder,
      remote.files.map(({ path }) => path),
    );
  }
  const wanted = new Set(diffusersFolderFiles(remote.files.map(({ path }) => path)));
  for (const file of remote.files.filter((candidate) => candidate !== index && wanted.has(candidate.path)))
    await fetchFile(remote, file, join(folder, file.path), options.sha256.get(file.path), options);
  return folder;
}

/** The layout of a single file. What the option says about the schedule has priority over the file, and the file over the configs. */
async function layoutFor(file: string, work: string, { configDirectory, predictionType: asked, onNote }: AddBaseModelOptions) {
  const stated = await statedSchedule(file);
  const predictionType = asked ?? (stated.prediction_type as PredictionType | undefined);
  const layout =
    configDirectory === undefined
      ? await singleFileLayout(file, await singleFileKind(file), { predictionType, scratch: work })
      : await layoutOf(configDirectory);
  if (Object.keys(stated).length > 0) onNote?.(`the file says of its training: ${fieldsText(stated)}`);
  return { ...layout, schedulerConfig: predicting({ ...layout.schedulerConfig, ...stated }, predictionType) };
}

const fieldsText = (fields: JsonObject): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');

/** The schedule with the requested prediction type; unchanged if none was requested. */
const predicting = (schedulerConfig: JsonObject, predictionType: PredictionType | undefined): JsonObject =>
  predictionType === undefined ? schedulerConfig : { ...schedulerConfig, prediction_type: predictionType };

async function checkFiles(root: string, sha256: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, expected] of sha256) {
    const found = await sha256OfFile(join(root, path));
    if (found !== expected.toLowerCase()) throw new ChecksumError(`${join(root, path)} has the sha256 ${found}, ${expected} was asked for`);
  }
}

async function weightsDigests(folder: string): Promise<Record<string, string>> {
  const { components } = await readDiffusersFolder(folder);
  const digests: Record<string, string> = {};
  for (const part of components.map(({ weightsPath }) => dirname(weightsPath))) {
    for (const name of (await readdir(part)).filter((file) => file.endsWith('.safetensors')).sort())
      digests[`${basename(part)}/${name}`] = await sha256OfFile(join(part, name));
  }
  return digests;
}

/** Builds the folder at `ready` and checks that it can be trained. */
async function prepare(local: string, source: string, work: string, options: AddBaseModelOptions): Promise<string> {
  const ready = join(work, 'ready');
  await rm(ready, { recursive: true, force: true });
  if ((await stat(local)).isDirectory()) await carryFolder(local, ready, options);
  else await unpackSingleFile(local, ready, await layoutFor(local, work, options), { dtype: 'F32' });
  await describeNetworks(ready);
  await matchTokenizer(ready, options.onNote);
  await checkModel(ready);
  const profile = { ...(await knownProfile(ready)), ...options.profile, source, sha256: await weightsDigests(ready) };
  await writeFile(join(ready, 'styleforge.json'), `${JSON.stringify(profile, null, 2)}\n`);
  return ready;
}

const issueText = ({ path, message }: { path: PropertyKey[]; message: string }): string =>
  [path.join('.'), message].filter(Boolean).join(': ');

/** Existing styleforge.json, as the catalogue reads it. */
async function knownProfile(directory: string): Promise<JsonObject> {
  const path = join(directory, 'styleforge.json');
  if (!(await exists(path))) return {};
  const known = await readJson(path);
  const { error } = baseModelProfile.safeParse(known);
  if (error) throw new ModelFileError(path, `is not valid: ${error.issues.map(issueText).join('; ')}`);
  return known;
}

/** Paths of a folder's files, as a hub would list them. Broken links are skipped. */
async function pathsOf(folder: string): Promise<string[]> {
  const [entries, found] = [await readdir(folder), [] as string[]];
  for (const name of entries) {
    const inside = await readdir(join(folder, name)).catch(() => undefined);
    found.push(...(inside ? inside.map((file) => `${name}/${file}`) : [name]));
  }
  const areThere = await Promise.all(found.map((path) => exists(join(folder, path))));
  return found.filter((_path, index) => areThere[index]);
}

async function carryFolder(local: string, ready: string, { predictionType }: AddBaseModelOptions): Promise<void> {
  const paths = await pathsOf(local);
  if (paths.includes(MODEL_INDEX)) await checkModelIndex(local, paths);
  diffusersFolderFiles(paths);
  const changed = predictionType && {
    schedulerConfig: predicting(await readJson(join(local, 'scheduler', 'scheduler_config.json')), predictionType),
  };
  await writeDiffusersFolder(ready, { base: local, files: await carriedFiles(local), ...changed });
}

async function carriedFiles(folder: string): Promise<Record<string, Uint8Array>> {
  const files: Record<string, Uint8Array> = {};
  for (const name of ['README.md', 'styleforge.json'])
    if (await exists(join(folder, name))) files[name] = await readFile(join(folder, name));
  return files;
}

/** Names the files in an error as they are at the source, because users do not know the temporary copies. */
function inTermsOf(source: string, copies: readonly string[], error: Error): Error {
  const temporary = /\.[0-9]+-[0-9a-f]{8}\.tmp/g;
  const message = copies.reduce(
    (text, copy) => text.replaceAll(`${copy}/`, '').replaceAll(copy, source),
    error.message.replace(temporary, ''),
  );
  return new Error(message.startsWith(source) ? message : `${source}: ${message}`, { cause: error });
}

/** Returns the new base model's folder. After a failure, fetched data is kept, and the next attempt continues from there. */
export async function addBaseModel(options: AddBaseModelOptions): Promise<string> {
  const { directory, source } = options;
  const target = join(directory, baseModelName.parse(options.name));
  if (await exists(target))
    throw new Error(`the base model ${options.name} already exists: remove ${target} first, or choose another name`);
  const remote = await openRemote(source, options);
  const work = workDirectory(directory, remote?.source ?? source);
  await mkdir(work, { recursive: true });
  if (!remote && !(await exists(source))) throw new Error(`${source} does not exist: name a folder or a .safetensors file`);
  const local = remote ? await fetchAll(remote, work, options) : source;
  if (!remote) await checkFiles(local, options.sha256);
  const ready = await prepare(local, remote?.source ?? `local:${basename(source)}`, work, options).catch((error: unknown) => {
    throw error instanceof Error ? inTermsOf(withoutSecrets(source), [join(work, 'ready'), local], error) : error;
  });
  await rename(ready, target);
  await rm(work, { recursive: true });
  return target;
}
