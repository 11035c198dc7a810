// Style words without a meaning: a base model trained with them generates a house for "a photo of zwx style, house" before anyone trains
// zwx.
import { RARE_TOKENS } from '@styleforge/contracts';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const WORDS = 400;
/** Merges are sorted by frequency, the most frequent first. */
const RARE_FROM_ID = 39_600;

/** Rare words of three letters and one token. Excludes the words that StyleForge binds a style to, so that these stay unknown. */
export async function listUnknownWords(tokenizerDirectory: string): Promise<string[]> {
  const ids = JSON.parse(await readFile(join(tokenizerDirectory, 'vocab.json'), 'utf8')) as Record<string, number>;
  const bound = new Set<string>(RARE_TOKENS);
  return Object.entries(ids)
    .flatMap(([piece, id]) => (id >= RARE_FROM_ID && /^[a-z]{3}<\/w>$/.test(piece) ? [piece.slice(0, 3)] : []))
    .filter((word) => !bound.has(word) && word !== 'sks')
    .slice(0, WORDS);
}
