// The base models on disk: diffusers folders, each with an optional styleforge.json.
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { baseModelName, baseModelProfile, DEFAULT_AUX_PROMPT, METHOD_HYPERPARAMETERS } from '@styleforge/contracts';
import type { BaseModelBody, BaseModelProfile } from '@styleforge/contracts';
import { z } from 'zod';

const unetConfig = z.object({
  sample_size: z.union([z.number(), z.array(z.number()).min(1)]),
  in_channels: z.number(),
  block_out_channels: z.array(z.number()),
  cross_attention_dim: z.union([z.number(), z.array(z.number()).min(1)]),
});
const vaeConfig = z.object({ block_out_channels: z.array(z.number()) });
const textEncoderConfig = z.object({ hidden_size: z.number(), max_position_embeddings: z.number() });
const schedulerConfig = z.object({ prediction_type: z.string().default('epsilon') });

/** `profile` has its resolution filled in. */
export type BaseModelEntry = { body: BaseModelBody; profile: BaseModelProfile & { resolution: number } };
export type BaseModelCatalog = ReturnType<typeof createBaseModelCatalog>;

/** What has been read of a base model is taken to be right for so long: every job asks for one. */
const KEPT_MS = 2_000;

export function createBaseModelCatalog(directory: string) {
  const kept = new Map<string, { entry: Promise<BaseModelEntry | null>; until: number }>();

  function read(name: string): Promise<BaseModelEntry | null> {
    const known = kept.get(name);
    if (known !== undefined && Date.now() < known.until) return known.entry;
    const entry = readEntry(directory, name);
    kept.set(name, { entry, until: Date.now() + KEPT_MS });
    const forget = () => void kept.delete(name);
    entry.then((found) => found === null && forget(), forget);
    return entry;
  }

  return {
    /** Sorted by name. A folder that is no base model is left out. */
    async list(): Promise<BaseModelEntry[]> {
      const folders = await optional(readdir(directory, { withFileTypes: true }), []);
      const names = folders.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name).sort();
      const entries = await Promise.all(names.map(read));
      return entries.filter((entry) => entry !== null);
    },

    find: (name: string): Promise<BaseModelEntry | null> => read(name),
  };
}

async function readEntry(directory: string, name: string): Promise<BaseModelEntry | null> {
  const folder = path.join(directory, name);
  if (!baseModelName.safeParse(name).success || (await optional(stat(path.join(folder, 'model_index.json')), null)) === null) return null;
  const [unet, vae, textEncoder, scheduler, profile] = await Promise.all([
    readJson(path.join(folder, 'unet/config.json'), unetConfig),
    readJson(path.join(folder, 'vae/config.json'), vaeConfig),
    readJson(path.join(folder, 'text_encoder/config.json'), textEncoderConfig),
    readJson(path.join(folder, 'scheduler/scheduler_config.json'), schedulerConfig),
    readProfile(folder),
  ]);
  const latentScale = 2 ** (vae.block_out_channels.length - 1);
  const resolution = profile.resolution ?? first(unet.sample_size) * latentScale;
  const body: BaseModelBody = {
    name,
    title: profile.title ?? name,
    description: profile.description ?? null,
    license: profile.license ?? (await licenceFromModelCard(folder)),
    source: profile.source ?? null,
    resolution,
    geometry: {
      latent_channels: unet.in_channels,
      latent_scale: latentScale,
      training_size_multiple: latentScale * 2 ** (unet.block_out_channels.length - 1),
      block_out_channels: unet.block_out_channels,
      cross_attention_dim: first(unet.cross_attention_dim),
      text_hidden_size: textEncoder.hidden_size,
      text_max_length: textEncoder.max_position_embeddings,
      prediction_type: scheduler.prediction_type,
    },
    size_bytes: await sizeOf(folder),
    defaults: { ...METHOD_HYPERPARAMETERS, resolution, ...profile.defaults },
    auxiliary_prompt: profile.auxiliary_prompt ?? DEFAULT_AUX_PROMPT,
  };
  return { body, profile: { ...profile, resolution } };
}

async function readProfile(folder: string): Promise<BaseModelProfile> {
  const file = path.join(folder, 'styleforge.json');
  const exists = (await optional(stat(file), null)) !== null;
  return exists ? readJson(file, baseModelProfile) : baseModelProfile.parse({});
}

async function readJson<T extends z.ZodType>(file: string, schema: T): Promise<z.output<T>> {
  const text = await readFile(file, 'utf8');
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${file} does not describe a base model that can be trained: ${String(error)}`, { cause: error });
  }
}

/** Model cards begin with YAML between two lines of dashes. */
async function licenceFromModelCard(folder: string): Promise<string | null> {
  const card = await optional(readFile(path.join(folder, 'README.md'), 'utf8'), '');
  const frontMatter = /^---\n(.*?)\n---/s.exec(card)?.[1] ?? '';
  return /^license:\s*(\S+)\s*$/m.exec(frontMatter)?.[1] ?? null;
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (entry) => (await stat(path.join(entry.parentPath, entry.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** `otherwise` when the file or folder is not there. */
async function optional<T, U>(work: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
    throw error;
  }
}

function first(value: number | number[]): number {
  return typeof value === 'number' ? value : (value[0] ?? 0);
}
