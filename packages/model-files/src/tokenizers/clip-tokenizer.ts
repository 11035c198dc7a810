// The CLIP tokenizer of a checkpoint: byte-level BPE over its own vocabulary, in fixed rows of ids.
import { Tokenizer } from '@huggingface/tokenizers';
import { type AddedToken, readTokenizerFiles, type TokenizerFiles } from './tokenizer-files.ts';

// CLIP's pattern for words (openai/CLIP simple_tokenizer), in transformers' form.
const wordPattern = String.raw`<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`;

/** The tokenizer without special tokens, which are found earlier, in the original text. */
function describeTokenizer(files: TokenizerFiles): object {
  return {
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: wordPattern }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: files.unknownToken,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      vocab: files.vocabulary,
      merges: files.merges,
    },
  };
}

// Lower case, character by character: String.toLowerCase would write a final sigma depending on its position in the word.
function normalize(text: string): string {
  return Array.from(text.normalize('NFC'), (character) => character.toLowerCase()).join('');
}

function escapeForPattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/** Finds single tokens in the original text: start, end, and added words, of which the longest has priority. */
class WholeTokens {
  readonly #exact = new Map<string, number>();
  readonly #anyCase = new Map<string, number>();
  readonly #pattern: RegExp;

  constructor(special: readonly (readonly [string, number])[], added: readonly AddedToken[]) {
    for (const [token, id] of special) this.#exact.set(token, id);
    for (const { content, id, normalized } of added) {
      if (this.#exact.has(content)) continue;
      if (normalized) this.#anyCase.set(normalize(content), id);
      else this.#exact.set(content, id);
    }
    const alternatives = [...new Set([...this.#exact.keys(), ...this.#anyCase.keys()])].sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(`(${alternatives.map(escapeForPattern).join('|')})`, this.#anyCase.size > 0 ? 'iu' : 'u');
  }

  id(piece: string): number | undefined {
    return this.#exact.get(piece) ?? this.#anyCase.get(normalize(piece));
  }

  split(text: string): string[] {
    return text.split(this.#pattern).filter((piece) => piece !== '');
  }
}

/** A word that was learned in addition to the vocabulary, with ids of its own. */
export interface LearnedToken {
  readonly text: string;
  readonly ids: readonly number[];
}

/** Combines added words `X`, `X_1`, `X_2` into one word of several rows, which prompts call `X`, as in diffusers' pipelines. */
function sequences(added: readonly AddedToken[]): LearnedToken[] {
  const idOf = new Map(added.map(({ content, id }) => [content, id]));
  return added.flatMap(({ content, id }) => {
    const ids = [id];
    for (let next = idOf.get(`${content}_1`); next !== undefined; next = idOf.get(`${content}_${ids.length}`)) ids.push(next);
    return ids.length > 1 ? [{ text: content, ids }] : [];
  });
}

export class CLIPTokenizer {
  readonly maxLength: number;
  /** Number of words in the vocabulary, without added ones. */
  readonly vocabSize: number;
  /** The largest id; the embedding needs a row for each id up to it. */
  readonly largestId: number;
  readonly startId: number;
  readonly endId: number;
  readonly padId: number;
  readonly #tokenizer: Tokenizer;
  readonly #whole: WholeTokens;
  readonly #files: TokenizerFiles;
  readonly #learned: ReadonlyMap<string, readonly number[]>;

  private constructor(files: TokenizerFiles, learned: readonly LearnedToken[] = []) {
    this.#files = files;
    this.#learned = new Map([...sequences(files.added), ...learned].map(({ text, ids }) => [text, ids]));
    const ids = Object.values(files.vocabulary);
    this.maxLength = files.maxLength;
    this.vocabSize = ids.length;
    this.largestId = [...ids, ...files.added.map(({ id }) => id)].reduce((most, id) => Math.max(most, id), 0);
    this.startId = files.idOf(files.startToken);
    this.endId = files.idOf(files.endToken);
    this.padId = files.idOf(files.padToken);
    this.#tokenizer = new Tokenizer(describeTokenizer(files), {});
    // The padding is a token anywhere in a text, too: where it is an exclamation mark, those of prompts become padding, as in transformers.
    const special = [
      [files.startToken, this.startId],
      [files.endToken, this.endId],
      [files.padToken, this.padId],
    ] as const;
    const added = learned.map(({ text, ids }) => ({ content: text, id: ids[0]!, normalized: false }));
    this.#whole = new WholeTokens(special, [...files.added, ...added]);
  }

  /** The same tokenizer with these additional words. */
  withAdded(learned: readonly LearnedToken[]): CLIPTokenizer {
    return learned.length === 0 ? this : new CLIPTokenizer(this.#files, learned);
  }

  /** Reads a tokenizer. `maxLength` replaces the number of ids in the folder's config. Throws ModelFileError. */
  static async fromDirectory(directory: string, { maxLength }: { maxLength?: number } = {}): Promise<CLIPTokenizer> {
    const files = await readTokenizerFiles(directory);
    return new CLIPTokenizer(maxLength === undefined ? files : { ...files, maxLength });
  }

  /** Encodes a text as `maxLength` ids: start, text, end and padding. A longer text is cut before the end token. */
  encode(text: string): number[] {
    const ids = [this.startId, ...this.#body(text).slice(0, this.maxLength - 2), this.endId];
    return [...ids, ...new Array<number>(this.maxLength - ids.length).fill(this.padId)];
  }

  /** The tokens of the text itself, without start, end and padding. */
  tokenize(text: string): string[] {
    return this.#whole
      .split(text)
      .flatMap((piece) => (this.#whole.id(piece) === undefined ? this.#tokenizer.tokenize(normalize(piece)) : [piece]));
  }

  /** The part of the text that `encode` drops because it does not fit; '' if all of it fits. */
  cutOff(text: string): string {
    const ids = this.#body(text).slice(this.maxLength - 2);
    const words = ids.filter((id) => id < this.vocabSize);
    return words.length === 0 ? '' : this.#tokenizer.decode(words, {}).replaceAll('</w>', ' ').trim();
  }

  /** Whether the text contains the word, but `encode` drops it because it does not fit. */
  cutsOff(text: string, word: string): boolean {
    const [ids, wanted] = [this.#body(text), this.#body(word)];
    const holds = (end: number): boolean => ids.some((_, at) => at + wanted.length <= end && wanted.every((id, i) => ids[at + i] === id));
    return wanted.length > 0 && holds(ids.length) && !holds(this.maxLength - 2);
  }

  #body(text: string): number[] {
    return this.#whole.split(text).flatMap((piece) => this.#learned.get(piece) ?? this.#whole.id(piece) ?? this.#encodePiece(piece));
  }

  #encodePiece(piece: string): number[] {
    return this.#tokenizer.encode(normalize(piece), { add_special_tokens: false }).ids;
  }
}
