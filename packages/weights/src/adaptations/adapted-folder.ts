// A model folder with adapters applied: every reader of its weights returns them as the adapters change them.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '@styleforge/model-files';
import { readDiffusersFolder, type DiffusersComponent, type DiffusersFolder } from '../checkpoints/diffusers-reader.ts';
import { originalNames, SingleFileError } from '@styleforge/model-files';
import { openTensors } from '../tensors/open-tensors.ts';
import { AdaptedReader } from './adapted-reader.ts';
import { collectChanges, ModelChanges } from './adapter-kinds.ts';
import { type ModelLayers } from '@styleforge/model-files';

/** An adapter's file and its strength: 1 as it was trained, 0 for no effect. */
export interface AppliedAdapter {
  readonly path: string;
  readonly strength: number;
  /** The token of an embedding whose file contains none. Default: the file's name. */
  readonly token?: string | undefined;
}

/** Name of the file that describes an adapted model: a base folder and the adapters on top of it. */
const ADAPTED_MODEL = 'adapted_model.json';

interface AdaptedModel {
  readonly base: string;
  readonly adapters: readonly AppliedAdapter[];
}

/** Makes `directory` readable like a model folder: `base` with these adapters. */
export async function writeAdaptedModel(directory: string, model: AdaptedModel): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, ADAPTED_MODEL), `${JSON.stringify(model, null, 2)}\n`);
}

async function readAdaptedModel(directory: string): Promise<AdaptedModel | null> {
  const path = join(directory, ADAPTED_MODEL);
  return (await exists(path)) ? (JSON.parse(await readFile(path, 'utf8')) as AdaptedModel) : null;
}

/** The diffusers folder below all adapters. */
export async function baseOfModel(directory: string): Promise<string> {
  const adapted = await readAdaptedModel(directory);
  return adapted === null ? directory : baseOfModel(adapted.base);
}

/** Reads a diffusers folder, or a folder of `writeAdaptedModel`, whose base may be such a folder as well. */
export async function openModelFolder(directory: string): Promise<DiffusersFolder> {
  const adapted = await readAdaptedModel(directory);
  if (adapted === null) return readDiffusersFolder(directory);
  return applyAdapters(await openModelFolder(adapted.base), adapted.adapters);
}

/** The layers of each component, and their names in the original layout. */
export async function layersOf(folder: DiffusersFolder): Promise<ModelLayers> {
  const layers = new Map<string, ReadonlySet<string>>();
  for (const { name, openWeights } of folder.components) {
    const reader = await openWeights();
    const weights = reader.names().filter((tensor) => tensor.endsWith('.weight'));
    layers.set(name, new Set(weights.map((tensor) => tensor.slice(0, -'.weight'.length))));
    await reader.close();
  }
  return { layers, original: (component, layer) => originalLayer(folder, component, layer) };
}

function originalLayer(folder: DiffusersFolder, component: string, layer: string): string | undefined {
  const found = folder.components.find(({ name }) => name === component);
  if (!found) return undefined;
  try {
    return originalNames(found.network, found.config).toOriginal(`${layer}.weight`).slice(0, -'.weight'.length);
  } catch (error) {
    if (error instanceof SingleFileError) return undefined;
    throw error;
  }
}

/** Applies all adapters to the folder, one after the other. Throws AdapterFileError for a file that does not fit the model. */
export async function applyAdapters(folder: DiffusersFolder, adapters: readonly AppliedAdapter[]): Promise<DiffusersFolder> {
  const changes = new ModelChanges(folder, await layersOf(folder));
  for (const { path, ...how } of adapters) {
    const reader = await openTensors(path);
    await collectChanges({ reader, path, ...how }, changes).finally(() => reader.close());
  }
  return {
    ...folder,
    components: folder.components.map((component) => changedComponent(component, changes)),
    addedTokens: changes.tokens,
    withoutAdapters: folder.withoutAdapters ?? folder,
  };
}

function changedComponent(component: DiffusersComponent, changes: ModelChanges): DiffusersComponent {
  const { name, network } = component;
  const branches = network === 'unet' && changes.branches.length > 0 ? [...(component.branches ?? []), ...changes.branches] : undefined;
  const weights = changes.weightsOf(name);
  if (!weights) return branches ? { ...component, branches } : component;
  const rows = changes.rowsOf(name);
  const config = rows > 0 ? { ...component.config, vocab_size: (component.config.vocab_size as number) + rows } : component.config;
  return {
    ...component,
    ...(branches && { branches }),
    config,
    openWeights: async () => new AdaptedReader(await component.openWeights(), weights),
  };
}
