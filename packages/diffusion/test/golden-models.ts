// The golden checkpoints as models, and their weights for a graph that uses them.
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { type Graph } from '@styleforge/autodiff';
import { openTensors, readDiffusersFolder, readJson, type TensorReader } from '@styleforge/weights';

export const goldenDirectory = fileURLToPath(new URL('../../../test/golden/', import.meta.url));

export const goldenFile = (name: string): Promise<TensorReader> => openTensors(join(goldenDirectory, name));
export const tinySd = () => readDiffusersFolder(join(goldenDirectory, 'tiny-sd'));
export const tinyClipConfig = () => readJson(join(goldenDirectory, 'tiny-clip/config.json'));

/** Names and shapes of the parameters, sorted by name. */
export function parameterShapes(graph: Graph): Record<string, readonly number[]> {
  return Object.fromEntries([...graph.parameters].sort().map(([name, tensor]) => [name, tensor.shape]));
}

export function storedShapes(reader: TensorReader): Record<string, readonly number[]> {
  return Object.fromEntries(
    reader
      .names()
      .sort()
      .map((name) => [name, reader.info(name).shape]),
  );
}

/** Largest difference, divided by the reference's largest magnitude. */
export function relativeDifference(actual: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (actual.length !== reference.length) throw new Error(`${actual.length} values against ${reference.length}`);
  let difference = 0,
    magnitude = 0;
  for (let i = 0; i < reference.length; i++) {
    difference = Math.max(difference, Number.isFinite(actual[i]) ? Math.abs(actual[i] - reference[i]) : Infinity);
    magnitude = Math.max(magnitude, Math.abs(reference[i]));
  }
  return difference / magnitude;
}
