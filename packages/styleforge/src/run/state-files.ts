// The arrays of a training on disk, in float32: weights, averages and moments, with one safetensors file for each set.
import { join } from 'node:path';
import { elementCount } from '@styleforge/autodiff';
import { type NamedArrays } from '@styleforge/runtime';
import { SafetensorsReader, writeSafetensors, type TensorEntry } from '@styleforge/weights';

export type StateArrays = Readonly<Record<string, NamedArrays>>;

const fileOf = (directory: string, name: string): string => join(directory, `${name}.safetensors`);

async function writeArrays(path: string, arrays: NamedArrays): Promise<void> {
  function* entries(): Generator<TensorEntry> {
    for (const { name, shape } of arrays.specs) yield { name, shape: [...shape], data: () => arrays.read(name) };
  }
  await writeSafetensors(path, entries(), { dtype: 'F32' });
}

async function readArrays(path: string, arrays: NamedArrays): Promise<void> {
  const reader = await SafetensorsReader.open(path);
  try {
    for (const { name, shape } of arrays.specs) {
      const values = new Float32Array(elementCount(shape));
      await reader.readInto(name, values);
      arrays.write(name, values);
    }
  } finally {
    await reader.close();
  }
}

export async function writeState(directory: string, state: StateArrays): Promise<void> {
  for (const [name, arrays] of Object.entries(state)) await writeArrays(fileOf(directory, name), arrays);
}

/** Reads the arrays that `writeState` wrote, bit-identically. */
export async function readState(directory: string, state: StateArrays): Promise<void> {
  for (const [name, arrays] of Object.entries(state)) await readArrays(fileOf(directory, name), arrays);
}
