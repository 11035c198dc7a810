// adaptation.json, the file that describes the files of an adapter's checkpoint.
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { writeAdaptedModel } from './adapted-folder.ts';

/** Name of the file. A checkpoint without it is a complete model. */
export const ADAPTATION_FILE = 'adaptation.json';
const FORMAT = 1;

export interface AdaptationDescription {
  readonly kind: string;
  /** Files to apply to the base model, in this order. */
  readonly files: readonly string[];
  readonly settings: Readonly<Record<string, unknown>>;
}

export async function writeAdaptation(directory: string, description: AdaptationDescription): Promise<void> {
  const text = `${JSON.stringify({ format: FORMAT, ...description }, null, 2)}\n`;
  await writeFileAtomically(join(directory, ADAPTATION_FILE), (handle) => handle.writeFile(text));
}

/** Paths of the files to apply to the base model, in order. */
export async function adapterFiles(directory: string): Promise<string[]> {
  const path = join(directory, ADAPTATION_FILE);
  const { format, files } = JSON.parse(await readFile(path, 'utf8')) as AdaptationDescription & { format: number };
  if (format !== FORMAT) throw new Error(`${path} was written in format ${format}; this version reads ${FORMAT}`);
  return files.map((file) => join(directory, basename(file)));
}

/** Makes the folder of an adapter's checkpoint readable like that of a model, on top of the base model's folder. */
export async function joinWithBase(directory: string, base: string, strength = 1): Promise<void> {
  await writeAdaptedModel(directory, { base, adapters: (await adapterFiles(directory)).map((path) => ({ path, strength })) });
}
