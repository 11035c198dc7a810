// A base model with adapters applied, as a whole diffusers folder, and as one file where the layout has names for it.
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type AppliedAdapter,
  applyAdapters,
  readDiffusersFolder,
  singleFileObstacle,
  type TensorEntry,
  type TensorReader,
  writeDiffusersFolder,
  writeSingleFile,
} from '@styleforge/weights';
import { SINGLE_FILE } from './full.ts';

function* entriesOf(reader: TensorReader): Generator<TensorEntry> {
  for (const name of reader.names()) yield { name, shape: reader.info(name).shape, data: () => reader.read(name) };
}

/** Weights are half precision: nothing is trained on from here. */
export async function writeMerged(directory: string, base: string, adapters: readonly AppliedAdapter[]): Promise<void> {
  const merged = await applyAdapters(await readDiffusersFolder(base), adapters);
  const readers = await Promise.all(merged.components.map(async ({ name, openWeights }) => [name, await openWeights()] as const));
  try {
    const components = Object.fromEntries(readers.map(([name, reader]) => [name, { weights: entriesOf(reader) }]));
    await writeDiffusersFolder(directory, { base, components }, { dtype: 'F16' });
  } finally {
    await Promise.all(readers.map(([, reader]) => reader.close()));
  }
  if ((await singleFileObstacle(directory)) !== null) return;
  await mkdir(dirname(join(directory, SINGLE_FILE)));
  await writeSingleFile(join(directory, SINGLE_FILE), directory);
}
