// tokens.json: ids of the CLIP tokenizer, with the vocabulary that every Stable Diffusion 1.x checkpoint has.
import { fileURLToPath } from 'node:url';
import { CLIPTokenizer } from '@styleforge/diffusion';
import { absoluteCase, type CaseResult } from './case-result.ts';
import type { ReferenceFolder } from './reference-folder.ts';

const vocabulary = fileURLToPath(new URL('../../../../models/styleforge-mini/tokenizer', import.meta.url));

export async function* tokenCases(folder: ReferenceFolder): AsyncGenerator<CaseResult> {
  const tokenizer = await CLIPTokenizer.fromDirectory(vocabulary, { maxLength: 77 });
  const rows = await folder.json<{ text: string; input_ids: number[] }[]>('tokens.json');
  const differing = rows.filter(({ text, input_ids: ids }) => tokenizer.encode(text).join() !== ids.join());
  const [ours, theirs] = [rows.flatMap(({ text }) => tokenizer.encode(text)), rows.flatMap(({ input_ids: ids }) => ids)];
  yield absoluteCase('tokens', ours, theirs, 0, { texts: rows.length, differing: differing.map(({ text }) => text) });
}
