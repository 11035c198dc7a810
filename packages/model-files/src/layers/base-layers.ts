// The layers of a model folder with the shapes of their weights, read from the headers of its files only.
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { familyOf } from '../families/index.ts';
import { readJson } from '../files/read-files.ts';
import { readSafetensorsHeader } from '../tensor-files/safetensors-file.ts';
import { currentNames } from './current-names.ts';
import { type ModelLayers } from './lora-names.ts';
import { originalNames, SingleFileError } from './original-names.ts';

export interface BaseLayers extends ModelLayers {
  /** Shape of a tensor by component and name. */
  shapeOf(component: string, tensor: string): readonly number[] | undefined;
  /** Names of the text encoders, in the order in which the U-Net attends to them. */
  readonly textEncoders: readonly string[];
}

async function shapesIn(directory: string, rename: (stored: string) => string | undefined): Promise<Map<string, readonly number[]>> {
  const shapes = new Map<string, readonly number[]>();
  for (const file of (await readdir(directory)).filter((name) => name.endsWith('.safetensors')).sort()) {
    const path = join(directory, file);
    const handle = await open(path, 'r');
    try {
      for (const [stored, { shape }] of (await readSafetensorsHeader(handle, path)).tensors) {
        const name = rename(stored);
        if (name !== undefined) shapes.set(name, shape);
      }
    } finally {
      await handle.close();
    }
  }
  return shapes;
}

const layersIn = (shapes: ReadonlyMap<string, unknown>): Set<string> =>
  new Set([...shapes.keys()].filter((name) => name.endsWith('.weight')).map((name) => name.slice(0, -'.weight'.length)));

/** Reads the layers. The weights may be missing after the headers. */
export async function readBaseLayers(directory: string): Promise<BaseLayers> {
  const { components } = familyOf(await readJson(join(directory, 'model_index.json')));
  const shapes = new Map<string, Map<string, readonly number[]>>();
  const toOriginal = new Map<string, (layer: string) => string>();
  for (const { name, network } of components) {
    const folder = join(directory, name);
    shapes.set(name, await shapesIn(folder, currentNames[network]));
    const config = await readJson(join(folder, 'config.json'));
    toOriginal.set(name, (layer) => originalNames(network, config).toOriginal(`${layer}.weight`).slice(0, -'.weight'.length));
  }
  return {
    layers: new Map([...shapes].map(([name, tensors]) => [name, layersIn(tensors)])),
    original(component, layer) {
      try {
        return toOriginal.get(component)?.(layer);
      } catch (error) {
        if (error instanceof SingleFileError) return undefined;
        throw error;
      }
    },
    shapeOf: (component, tensor) => shapes.get(component)?.get(tensor),
    textEncoders: components.filter(({ network }) => network === 'text-encoder').map(({ name }) => name),
  };
}
