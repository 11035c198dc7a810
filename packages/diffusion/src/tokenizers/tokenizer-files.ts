// The files of a checkpoint's tokenizer folder: vocab.json and merges.txt, or tokenizer.json, and the special tokens.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface TokenizerFiles {
  vocabulary: Record<string, number>;
  merges: string[];
  startToken: string;
  endToken: string;
  padToken: string;
  unknownToken: string;
  maxLength: number;
  idOf(token: string): number;
}

type Json = Record<string, unknown>;

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseObject(text: string, path: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch (cause) {
    throw new Error(`${path} is not JSON`, { cause });
  }
  throw new Error(`${path} must hold a JSON object`);
}

async function readObject(path: string): Promise<Json> {
  const text = await readIfThere(path);
  return text === undefined ? {} : parseObject(text, path);
}

function parseMerges(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
}

async function readVocabulary(directory: string): Promise<{ vocabulary: Record<string, number>; merges: string[] }> {
  const vocabularyPath = join(directory, 'vocab.json');
  const vocabulary = await readIfThere(vocabularyPath);
  const merges = await readIfThere(join(directory, 'merges.txt'));
  if (vocabulary !== undefined && merges !== undefined) {
    return { vocabulary: parseObject(vocabulary, vocabularyPath) as Record<string, number>, merges: parseMerges(merges) };
  }
  const wholePath = join(directory, 'tokenizer.json');
  const whole = await readIfThere(wholePath);
  if (whole === undefined) throw new Error(`${directory} holds neither vocab.json with merges.txt nor tokenizer.json`);
  const model = parseObject(whole, wholePath).model as { vocab: Record<string, number>; merges: (string | string[])[] };
  return { vocabulary: model.vocab, merges: model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' '))) };
}

/** Either the token itself or its description. */
function content(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && 'content' in value && typeof value.content === 'string') return value.content;
  return undefined;
}

export async function readTokenizerFiles(directory: string): Promise<TokenizerFiles> {
  const { vocabulary, merges } = await readVocabulary(directory);
  const settings = {
    ...(await readObject(join(directory, 'special_tokens_map.json'))),
    ...(await readObject(join(directory, 'tokenizer_config.json'))),
  };
  const endToken = content(settings.eos_token) ?? '<|endoftext|>';
  const maxLength = settings.model_max_length;
  return {
    vocabulary,
    merges,
    startToken: content(settings.bos_token) ?? '<|startoftext|>',
    endToken,
    padToken: content(settings.pad_token) ?? endToken,
    unknownToken: content(settings.unk_token) ?? endToken,
    // Configs without a limit write an astronomical number.
    maxLength: typeof maxLength === 'number' && maxLength >= 2 && maxLength <= 65536 ? maxLength : 77,
    idOf: (token) => {
      const id = vocabulary[token];
      if (id === undefined) throw new Error(`the special token ${token} is not in the vocabulary of ${directory}`);
      return id;
    },
  };
}
