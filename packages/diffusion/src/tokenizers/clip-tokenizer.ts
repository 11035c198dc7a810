// The CLIP tokenizer of a checkpoint: byte-level BPE over its own vocabulary, in fixed rows of ids.
import { Tokenizer } from '@huggingface/tokenizers';
import { readTokenizerFiles, type TokenizerFiles } from './tokenizer-files.ts';

// The words of CLIP (openai/CLIP simple_tokenizer), as transformers splits them.
const wordPattern = String.raw`<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`;

/** Special tokens are left out here: they are told apart before, in the text as it was given. */
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

// Lower case character by character: String.toLowerCase would write a final sigma by its place in the word.
function normalize(text: string): string {
  return Array.from(text.normalize('NFC'), (character) => character.toLowerCase()).join('');
}

function escapeForPattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

export class CLIPTokenizer {
  readonly maxLength: number;
  readonly vocabSize: number;
  readonly startId: number;
  readonly endId: number;
  readonly padId: number;
  readonly #tokenizer: Tokenizer;
  readonly #specialIds: Map<string, number>;
  readonly #specialPattern: RegExp;

  private constructor(files: TokenizerFiles) {
    this.maxLength = files.maxLength;
    this.vocabSize = Object.keys(files.vocabulary).length;
    this.startId = files.idOf(files.startToken);
    this.endId = files.idOf(files.endToken);
    this.padId = files.idOf(files.padToken);
    this.#tokenizer = new Tokenizer(describeTokenizer(files), {});
    this.#specialIds = new Map([
      [files.startToken, this.startId],
      [files.endToken, this.endId],
    ]);
    this.#specialPattern = new RegExp(`(${[...this.#specialIds.keys()].map(escapeForPattern).join('|')})`);
  }

  /** `maxLength` replaces the number of ids that the folder's config asks for. */
  static async fromDirectory(directory: string, { maxLength }: { maxLength?: number } = {}): Promise<CLIPTokenizer> {
    const files = await readTokenizerFiles(directory);
    return new CLIPTokenizer(maxLength === undefined ? files : { ...files, maxLength });
  }

  /** Start, text, end and padding, `maxLength` ids; a longer text is cut so that the end stays. */
  encode(text: string): number[] {
    const body = this.#pieces(text).flatMap((piece) => this.#specialIds.get(piece) ?? this.#encodePiece(piece));
    const ids = [this.startId, ...body.slice(0, this.maxLength - 2), this.endId];
    return [...ids, ...new Array<number>(this.maxLength - ids.length).fill(this.padId)];
  }

  /** The tokens of the text itself, without start, end and padding. */
  tokenize(text: string): string[] {
    return this.#pieces(text).flatMap((piece) => (this.#specialIds.has(piece) ? [piece] : this.#tokenizer.tokenize(normalize(piece))));
  }

  #pieces(text: string): string[] {
    return text.split(this.#specialPattern).filter((piece) => piece !== '');
  }

  #encodePiece(piece: string): number[] {
    return this.#tokenizer.encode(normalize(piece), { add_special_tokens: false }).ids;
  }
}
