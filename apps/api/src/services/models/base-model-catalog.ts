// Catalogue of the base models on disk: diffusers folders, each with an optional styleforge.json.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { baseModelName, baseModelProfile, DEFAULT_AUX_PROMPT, METHOD_HYPERPARAMETERS } from '@styleforge/contracts';
import type { BaseModelBody, BaseModelProfile } from '@styleforge/contracts';
import { describeModel, filesBelow, ModelFileError, type CLIPTokenizer, type FamilyFiles } from '@styleforge/model-files';
import type { FastifyBaseLogger } from 'fastify';
import { z } from 'zod';
import type { BaseModelFolders } from './base-model-folders.ts';

/** `profile` has its resolution filled in. */
export type BaseModelEntry = {
  body: BaseModelBody;
  profile: BaseModelProfile & { resolution: number };
  tokenizer: CLIPTokenizer;
  family: FamilyFiles;
  folder: string;
};
export type BaseModelCatalog = ReturnType<typeof createBaseModelCatalog>;

/** A base model's folder that cannot be used. The message is for callers, and names folder, file and remedy. */
export class BrokenBaseModelError extends Error {
  override name = 'BrokenBaseModelError';

  /** `file`: within the base model's folder, '' for all of it. */
  constructor(model: string, file: string, fault: string, cause: unknown) {
    const remedy =
      `Repair it in BASE_MODELS_DIRECTORY, or remove the folder ${model} there and install the model again with ` +
      '`npm run base-models -- add`. Until then, use another base model.';
    super(`The base model ${model} cannot be used: ${path.posix.join(model, file)} ${fault}. ${remedy}`, { cause });
  }
}

/** Milliseconds for which facts about a base model are cached, because every job needs them. */
const KEPT_MS = 2_000;

export function createBaseModelCatalog(folders: BaseModelFolders, log: FastifyBaseLogger) {
  const kept = new Map<string, { entry: Promise<BaseModelEntry | null>; until: number }>();
  /** Facts read from files that have not changed since, by name. */
  const unchanged = new Map<string, Read>();
  /** Last message about each name, so that repeated requests do not log it again. */
  const logged = new Map<string, string>();

  function read(name: string): Promise<BaseModelEntry | null> {
    const known = kept.get(name);
    if (known !== undefined && Date.now() < known.until) return known.entry;
    const entry = readEntry(folders, name, unchanged);
    kept.set(name, { entry, until: Date.now() + KEPT_MS });
    const forget = () => void kept.delete(name);
    entry.then((found) => found === null && forget(), forget);
    return entry;
  }

  async function unlessBroken(name: string): Promise<BaseModelEntry | null> {
    try {
      const entry = await read(name);
      logged.delete(name);
      return entry;
    } catch (error) {
      if (!(error instanceof BrokenBaseModelError)) throw error;
      if (logged.get(name) !== error.message)
        log.error({ err: error, baseModel: name }, 'a base model cannot be used and is not listed; repair or reinstall it');
      logged.set(name, error.message);
      return null;
    }
  }

  return {
    /** Sorted by name. Folders that are not base models are skipped, and so are broken ones, which the log names. */
    async list(): Promise<BaseModelEntry[]> {
      const entries = await Promise.all([...(await folders.all()).keys()].map(unlessBroken));
      return entries.filter((entry) => entry !== null);
    },

    /** Throws BrokenBaseModelError. */
    find: (name: string): Promise<BaseModelEntry | null> => read(name),
  };
}

/** An entry, and the names, sizes and times of the files that it was read from. */
type Read = { files: string; entry: BaseModelEntry };

async function readEntry(folders: BaseModelFolders, name: string, unchanged: Map<string, Read>): Promise<BaseModelEntry | null> {
  if (!baseModelName.safeParse(name).success) return null;
  const folder = await folders.find(name);
  try {
    if ((await optional(stat(path.join(folder, 'model_index.json')), null)) === null) return null;
    const { files, size } = await filesOf(folder);
    const known = unchanged.get(name);
    if (known?.files === files) return known.entry;
    const entry = await readFolder(folder, name, size);
    unchanged.set(name, { files, entry });
    return entry;
  } catch (error) {
    if (error instanceof BrokenBaseModelError) throw error;
    if (error instanceof ModelFileError) throw new BrokenBaseModelError(name, path.relative(folder, error.path), error.fault, error);
    throw new BrokenBaseModelError(name, '', `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'see the log'})`, error);
  }
}

async function readFolder(folder: string, name: string, size: number): Promise<BaseModelEntry> {
  const [{ family, unet, textEncoders, noiseScheduler, tokenizer, latentScale, ...model }, profile] = await Promise.all([
    describeModel(folder),
    readProfile(folder, name),
  ]);
  const resolution = profile.resolution ?? model.resolution;
  const body: BaseModelBody = {
    name,
    title: profile.title ?? name,
    description: profile.description ?? null,
    license: profile.license ?? (await licenceFromModelCard(folder)),
    source: profile.source === undefined ? null : shownSource(profile.source),
    resolution,
    family: family.name,
    geometry: {
      latent_channels: unet.in_channels,
      latent_scale: latentScale,
      training_size_multiple: latentScale * 2 ** (unet.block_out_channels.length - 1),
      block_out_channels: [...unet.block_out_channels],
      cross_attention_dim: unet.cross_attention_dim[0] ?? 0,
      text_hidden_size: textEncoders.reduce((sum, { config }) => sum + config.hidden_size, 0),
      text_max_length: tokenizer.maxLength,
      prediction_type: noiseScheduler.predictionType,
    },
    size_bytes: size,
    defaults: { ...METHOD_HYPERPARAMETERS, resolution, ...profile.defaults },
    auxiliary_prompt: profile.auxiliary_prompt ?? DEFAULT_AUX_PROMPT,
  };
  return { body, profile: { ...profile, resolution }, tokenizer, family, folder };
}

/** Models that were added by earlier versions may have an address with a token in it. */
const shownSource = (source: string): string =>
  /^https?:/.test(source) ? source.replace(/^(https?:\/\/)[^/@]*@/, '$1').replace(/[?#].*$/s, '') : source;

async function readProfile(folder: string, name: string): Promise<BaseModelProfile> {
  const file = 'styleforge.json';
  const exists = (await optional(stat(path.join(folder, file)), null)) !== null;
  return exists ? readJson(path.join(folder, file), name, baseModelProfile) : baseModelProfile.parse({});
}

async function readJson<T extends z.ZodType>(file: string, name: string, schema: T): Promise<z.output<T>> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    throw new BrokenBaseModelError(name, path.basename(file), faultOf(error), error);
  }
}

/** Describes a fault without paths of this machine, which callers must not see. */
function faultOf(error: unknown): string {
  if (error instanceof z.ZodError)
    return `is not valid (${error.issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': ')).join('; ')})`;
  if (error instanceof SyntaxError) return `is not valid JSON (${error.message})`;
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? 'is missing' : `cannot be read (${code ?? 'see the log'})`;
}

/** Reads the YAML at the start of a model card, between two lines of dashes. */
async function licenceFromModelCard(folder: string): Promise<string | null> {
  const card = await optional(readFile(path.join(folder, 'README.md'), 'utf8'), '');
  const frontMatter = /^---\n(.*?)\n---/s.exec(card)?.[1] ?? '';
  return /^license:\s*(\S+)\s*$/m.exec(frontMatter)?.[1] ?? null;
}

async function filesOf(folder: string): Promise<{ files: string; size: number }> {
  const files = await filesBelow(folder);
  const stats = await Promise.all(files.map(async (file) => ({ file, ...(await stat(path.join(folder, file))) })));
  return {
    files: stats.map(({ file, size, mtimeMs, ino }) => `${file}:${size}:${mtimeMs}:${ino}`).join('\n'),
    size: stats.reduce((sum, { size }) => sum + size, 0),
  };
}

/** Returns `otherwise` if the file or folder does not exist, or if part of its path is not a folder. */
async function optional<T, U>(work: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await work;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return otherwise;
    throw error;
  }
}
