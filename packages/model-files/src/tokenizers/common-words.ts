// Words that a base model already knows a meaning for.
import type { CLIPTokenizer } from './clip-tokenizer.ts';

/** Share of merges whose results are common words. Merges are sorted by frequency, and the results of the last fifth are rare. */
const COMMON_SHARE = 0.8;
const SHORTEST_WORD = 3;

/** Pieces of `token` that already have a meaning: words of three or more letters that are not rare. */
export function commonPieces(token: string, tokenizer: CLIPTokenizer): string[] {
  const [pieces, ids] = [tokenizer.tokenize(token).map((piece) => piece.replace('</w>', '')), tokenizer.encode(token).slice(1)];
  return pieces.filter(
    (piece, i) => /^\p{L}+$/u.test(piece) && piece.length >= SHORTEST_WORD && ids[i] < COMMON_SHARE * tokenizer.vocabSize,
  );
}

/** What is wrong with `token` as the word for a new style; null: it is rare. */
export function commonTokenFault(token: string, tokenizer: CLIPTokenizer): string | null {
  const common = commonPieces(token, tokenizer);
  if (common.length === 0) return null;
  return (
    `is read as ${common.map((piece) => `'${piece}'`).join(' and ')}, which the base model knows already: take a ` +
    'rare one such as zwx, ukj or sks'
  );
}
