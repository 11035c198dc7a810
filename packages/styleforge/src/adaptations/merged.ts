// Writes a base model with applied adapters: as a diffusers folder, and as one file if the layout supports it.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CLIPTokenizer, exists, type JsonObject } from '@styleforge/model-files';
import {
  type AddedTokens,
  type AppliedAdapter,
  applyAdapters,
  type DiffusersComponent,
  type DiffusersFolder,
  readDiffusersFolder,
  singleFileObstacle,
  type TensorEntry,
  type TensorReader,
  writeDiffusersFolder,
  writeSingleFile,
} from '@styleforge/weights';
import { SINGLE_FILE } from './full.ts';

const ADDED_TOKENS = 'added_tokens.json';

function* entriesOf(reader: TensorReader): Generator<TensorEntry> {
  for (const name of reader.names()) yield { name, shape: reader.info(name).shape, data: () => reader.read(name) };
}

/** Writes weights in half precision, because merged models are not trained further. */
export async function writeMerged(directory: string, base: string, adapters: readonly AppliedAdapter[]): Promise<void> {
  const merged = await applyAdapters(await readDiffusersFolder(base), adapters);
  const scratch = await mkdtemp(join(tmpdir(), 'styleforge-merged-'));
  const readers = await Promise.all(merged.components.map(async (component) => [component, await component.openWeights()] as const));
  try {
    const { tokenizers, endIds } = await extendedTokenizers(merged, scratch);
    const components = Object.fromEntries(
      readers.map(([component, reader]) => [component.name, { weights: entriesOf(reader), ...configOf(component, endIds) }]),
    );
    await writeDiffusersFolder(directory, { base, components, tokenizers }, { dtype: 'F16' });
  } finally {
    await Promise.all(readers.map(([, reader]) => reader.close()));
    await rm(scratch, { recursive: true });
  }
  // A single file cannot contain new words.
  if (Object.keys(merged.addedTokens ?? {}).length > 0 || (await singleFileObstacle(directory)) !== null) return;
  await mkdir(dirname(join(directory, SINGLE_FILE)));
  await writeSingleFile(join(directory, SINGLE_FILE), directory);
}

/** Config of a text encoder with new rows. With `eos_token_id` 2, transformers would pool at the largest id, which is a new word. */
function configOf({ name, config }: DiffusersComponent, endIds: ReadonlyMap<string, number>): { config?: JsonObject } {
  const endId = endIds.get(name);
  return endId === undefined ? {} : { config: { ...config, eos_token_id: endId } };
}

interface Extended {
  /** Folders of the tokenizers with the new words, by name. */
  readonly tokenizers: Readonly<Record<string, string>>;
  /** Ids of the end token, by text encoder with new rows. */
  readonly endIds: ReadonlyMap<string, number>;
}

async function extendedTokenizers({ directory, family, addedTokens = {} }: DiffusersFolder, scratch: string): Promise<Extended> {
  const tokenizers: Record<string, string> = {};
  const endIds = new Map<string, number>();
  for (const { name, tokenizer } of family.components) {
    const added = addedTokens[name];
    if (tokenizer === undefined || added === undefined || added.length === 0) continue;
    const folder = join(scratch, tokenizer);
    await cp(join(directory, tokenizer), folder, { recursive: true });
    endIds.set(name, (await CLIPTokenizer.fromDirectory(folder)).endId);
    await addWords(folder, added);
    tokenizers[tokenizer] = folder;
  }
  return { tokenizers, endIds };
}

/** Adds words in diffusers' format: the rows after the first are `X_1`, `X_2`. */
async function addWords(folder: string, added: AddedTokens): Promise<void> {
  const path = join(folder, ADDED_TOKENS);
  const before = (await exists(path)) ? (JSON.parse(await readFile(path, 'utf8')) as Record<string, number>) : {};
  const words = added.flatMap(({ text, ids }) => ids.map((id, row): [string, number] => [row === 0 ? text : `${text}_${row}`, id]));
  await writeFile(path, `${JSON.stringify({ ...before, ...Object.fromEntries(words) }, null, 2)}\n`);
}
