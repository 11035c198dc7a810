// Adapters that an operator has put into BASE_MODELS_DIRECTORY for all projects: a folder NAME with adapter.json and the file that it
// names.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type InstalledAdapter, INSTALLED_ADAPTER_FILE, installedAdapter } from '@styleforge/contracts';
import { inspectUpload } from '../../inspection/inspect-upload.ts';
import type { BaseModelCatalog } from './base-model-catalog.ts';

export type InstalledLookUp = { ok: true; adapter: InstalledAdapter } | { ok: false; detail: string } | null;

/** Result of the inspection of an adapter, valid while its files match `state` says. */
type Known = { state: string; found: InstalledLookUp };

const known = new Map<string, Known>();

/** Null if there is no adapter of this name. Each file is inspected once, in a separate process. */
export async function findInstalledAdapter(directory: string, name: string, baseModels: BaseModelCatalog): Promise<InstalledLookUp> {
  if (!/^[a-z0-9][a-z0-9._-]{0,99}$/.test(name)) return null;
  const folder = path.join(directory, name);
  const text = await readFile(path.join(folder, INSTALLED_ADAPTER_FILE), 'utf8').catch(unlessAbsent);
  if (text === null) return null;
  const described = describe(text);
  if (described === null)
    return broken(
      name,
      `its ${INSTALLED_ADAPTER_FILE} is not in the form that npm run base-models -- add-adapter writes: add the adapter again`,
    );
  const file = path.join(folder, path.basename(described.file));
  const size = await stat(file).catch(unlessAbsent);
  if (size === null) return broken(name, `its file ${described.file} is missing: add the adapter again`);
  const state = `${text} ${size.size} ${size.mtimeMs}`;
  const before = known.get(file);
  if (before?.state === state) return before.found;
  const found = await inspect(described, { name, file, baseModels });
  if (found?.ok) known.set(file, { state, found });
  return found;
}

function describe(text: string): InstalledAdapter | null {
  try {
    return installedAdapter.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

type Place = { name: string; file: string; baseModels: BaseModelCatalog };

async function inspect(adapter: InstalledAdapter, { name, file, baseModels }: Place): Promise<InstalledLookUp> {
  const base = await baseModels.find(adapter.base_model);
  if (base === null) return broken(name, `it was made for the base model ${adapter.base_model}, which is not installed`);
  const { cross_attention_dim: contextWidth } = base.body.geometry;
  const result = await inspectUpload({
    ...{ file, fileName: adapter.file },
    base: { name: adapter.base_model, contextWidth, directory: base.folder },
  });
  switch (result.status) {
    case 'done':
      return { ok: true, adapter };
    case 'misfit':
    case 'refused':
      return broken(name, `${adapter.file} ${result.detail}`);
    case 'failed':
      throw new Error(`the inspection of the installed adapter ${name} failed: ${result.message}`);
  }
}

const broken = (name: string, detail: string): InstalledLookUp => ({
  ok: false,
  detail: `the installed adapter ${name} cannot be used: ${detail}`,
});

function unlessAbsent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
  throw error;
}
