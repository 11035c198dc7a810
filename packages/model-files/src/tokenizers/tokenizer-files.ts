// The files of a tokenizer folder: vocab.json and merges.txt, or tokenizer.json; the special tokens; and added words.
import { join } from 'node:path';
import { ModelFileError } from '../files/model-file-error.ts';
import { readJson, readJsonIfThere, readTextIfThere, type JsonObject } from '../files/read-files.ts';

/** A word that is a single token anywhere in a text. */
export interface AddedToken {
  readonly content: string;
  readonly id: number;
  /** Whether upper and lower case match, because the text is lowered. */
  readonly normalized: boolean;
}

export interface TokenizerFiles {
  vocabulary: Record<string, number>;
  merges: string[];
  added: AddedToken[];
  startToken: string;
  endToken: string;
  padToken: string;
  unknownToken: string;
  maxLength: number;
  idOf(token: string): number;
}

/** Files that a tokenizer is read from; other files in its folder are ignored. */
export const TOKENIZER_FILES = [
  'vocab.json',
  'merges.txt',
  'tokenizer.json',
  'added_tokens.json',
  'special_tokens_map.json',
  'tokenizer_config.json',
] as const;

const MOST_TOKENS = 1_000_000;
const isId = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function checkVocabulary(path: string, vocabulary: unknown): Record<string, number> {
  const entries = typeof vocabulary === 'object' && vocabulary !== null && !Array.isArray(vocabulary) ? Object.entries(vocabulary) : [];
  if (entries.length === 0) throw new ModelFileError(path, 'contains no vocabulary: it must map words to their numbers');
  if (entries.length > MOST_TOKENS) throw new ModelFileError(path, `has ${entries.length} words; at most ${MOST_TOKENS} are read`);
  const wrong = entries.find(([, id]) => !isId(id));
  if (wrong)
    throw new ModelFileError(path, `maps ${JSON.stringify(wrong[0])} to ${JSON.stringify(wrong[1])}, which is not a token's number`);
  return vocabulary as Record<string, number>;
}

/** Checks that each merge joins two pieces to one in the vocabulary; other lines are not merges. */
function checkMerges(path: string, merges: readonly string[], vocabulary: Record<string, number>): string[] {
  if (merges.length > MOST_TOKENS) throw new ModelFileError(path, `has ${merges.length} merges; at most ${MOST_TOKENS} are read`);
  for (const [index, merge] of merges.entries()) {
    const pieces = merge.split(' ');
    if (pieces.length === 2 && Object.hasOwn(vocabulary, pieces.join(''))) continue;
    const shown = JSON.stringify(merge.slice(0, 60));
    throw new ModelFileError(
      path,
      `is not the merges of this vocabulary: merge ${index + 1} is ${shown}; take both files from one tokenizer`,
    );
  }
  return [...merges];
}

/** Splits a text into lines, after counting them, because each costs some hundred bytes afterwards. */
function linesOf(path: string, text: string): string[] {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  if (count > 2 * MOST_TOKENS) throw new ModelFileError(path, `has ${count} lines; at most ${MOST_TOKENS} merges are read`);
  const [first = '', ...others] = text.replace(/^\ufeff/, '').split(/\r?\n/);
  return [...(isHeader(first) ? [] : [first]), ...others].filter((line) => line !== '');
}

/** Whether a line is a header, as in `#version: 0.2`, `# merges` and `"bpe_simple_vocab_16e6.txt#version: 0.2`; two pieces make a merge. */
const isHeader = (line: string): boolean => line.includes('#version') || (line.startsWith('#') && line.split(' ').length !== 2);

interface Words {
  vocabulary: Record<string, number>;
  merges: string[];
  added: AddedToken[];
}

const asAdded = (content: unknown, id: unknown, { normalized, special }: JsonObject = {}): AddedToken[] =>
  typeof content === 'string' && content !== '' && isId(id)
    ? [{ content, id, normalized: typeof normalized === 'boolean' ? normalized : special !== true }]
    : [];

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

async function readWhole(path: string): Promise<Words> {
  const whole = await readJson(path);
  const model = isObject(whole.model) ? whole.model : {};
  const vocabulary = checkVocabulary(path, model.vocab);
  const merges = (Array.isArray(model.merges) ? model.merges : []).map((merge) => (Array.isArray(merge) ? merge.join(' ') : String(merge)));
  return { vocabulary, merges: checkMerges(path, merges, vocabulary), added: addedOfWhole(whole.added_tokens) };
}

/** The words of `added_tokens` in tokenizer.json. */
const addedOfWhole = (tokens: unknown): AddedToken[] =>
  (Array.isArray(tokens) ? tokens : []).filter(isObject).flatMap((token) => asAdded(token.content, token.id, token));

async function readWords(directory: string): Promise<Words> {
  const [vocabularyPath, mergesPath, wholePath] = ['vocab.json', 'merges.txt', 'tokenizer.json'].map((name) => join(directory, name));
  const vocabulary = await readJsonIfThere(vocabularyPath!);
  const merges = await readTextIfThere(mergesPath!);
  if (vocabulary !== undefined && merges !== undefined) {
    const checked = checkVocabulary(vocabularyPath!, vocabulary);
    // A fast tokenizer is saved with all three files, and its words may be only in the last one.
    const { added_tokens: words } = (await readJsonIfThere(wholePath!)) ?? {};
    return { vocabulary: checked, merges: checkMerges(mergesPath!, linesOf(mergesPath!, merges), checked), added: addedOfWhole(words) };
  }
  if ((await readTextIfThere(wholePath!)) === undefined)
    throw new ModelFileError(directory, 'contains neither vocab.json with merges.txt nor tokenizer.json');
  return readWhole(wholePath!);
}

/** Words added to the vocabulary: added_tokens.json, and tokenizer_config.json, which has priority. */
async function readAdded(directory: string, config: JsonObject): Promise<AddedToken[]> {
  const decoder = isObject(config.added_tokens_decoder) ? Object.entries(config.added_tokens_decoder) : [];
  const described = decoder.flatMap(([id, token]) => (isObject(token) ? asAdded(token.content, Number(id), token) : []));
  const plain = Object.entries((await readJsonIfThere(join(directory, 'added_tokens.json'))) ?? {});
  return [...described, ...plain.flatMap(([content, id]) => asAdded(content, id))];
}

/** The id of a word. The vocabulary is an object, whose inherited names are not words. */
const idIn = (vocabulary: Record<string, number>, word: string): number | undefined =>
  Object.hasOwn(vocabulary, word) ? vocabulary[word] : undefined;

/** Removes repeated words. Throws if one word has two ids. */
function distinct(directory: string, tokens: readonly AddedToken[], vocabulary: Record<string, number>): AddedToken[] {
  const byContent = new Map<string, AddedToken>();
  for (const token of tokens) {
    const known = byContent.get(token.content)?.id ?? idIn(vocabulary, token.content);
    if (known !== undefined && known !== token.id)
      throw new ModelFileError(
        directory,
        `gives the word ${JSON.stringify(token.content)} two numbers, ${known} and ${token.id}: correct one of its files`,
      );
    if (!byContent.has(token.content)) byContent.set(token.content, token);
  }
  return [...byContent.values()];
}

/** The text of a token, which is stored as such or in a description. */
function content(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return isObject(value) && typeof value.content === 'string' ? value.content : undefined;
}

/**
 * Settings with the special tokens, by transformers' rule: special_tokens_map.json has priority over a config from before
 * `added_tokens_decoder`. Stable Diffusion 2.x pads with another token in each of the two files.
 */
const withSpecialTokens = (config: JsonObject, map: JsonObject = {}): JsonObject =>
  isObject(config.added_tokens_decoder) ? { ...map, ...config } : { ...config, ...map };

export async function readTokenizerFiles(directory: string): Promise<TokenizerFiles> {
  const { vocabulary, merges, added: inWhole } = await readWords(directory);
  const config = (await readJsonIfThere(join(directory, 'tokenizer_config.json'))) ?? {};
  const settings = withSpecialTokens(config, await readJsonIfThere(join(directory, 'special_tokens_map.json')));
  const added = distinct(directory, [...inWhole, ...(await readAdded(directory, config))], vocabulary);
  const addedIds = new Map(added.map((token) => [token.content, token.id]));
  const endToken = content(settings.eos_token) ?? '<|endoftext|>';
  const maxLength = settings.model_max_length;
  return {
    vocabulary,
    merges,
    added,
    startToken: content(settings.bos_token) ?? '<|startoftext|>',
    endToken,
    padToken: content(settings.pad_token) ?? endToken,
    unknownToken: content(settings.unk_token) ?? endToken,
    // Configs without a limit write an astronomical number.
    maxLength: typeof maxLength === 'number' && maxLength >= 2 && maxLength <= 65536 ? maxLength : 77,
    idOf: (token) => {
      const id = idIn(vocabulary, token) ?? addedIds.get(token);
      if (id === undefined) throw new ModelFileError(directory, `names the special token ${token}, which its vocabulary does not have`);
      return id;
    },
  };
}
