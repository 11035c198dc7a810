// Added words in each of the files where tools store them, and folders that are not a tokenizer's.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLIPTokenizer, ModelFileError } from '@styleforge/model-files';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'styleforge-tokenizer-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const letters = [...'abcdefghijklmnopqrstuvwxyz<>-'];
const vocabulary = Object.fromEntries(
  [...letters, ...letters.map((letter) => `${letter}</w>`), '<|startoftext|>', '<|endoftext|>'].map((token, id) => [token, id]),
);
const added = Object.keys(vocabulary).length;

async function folderWith(files: Record<string, unknown>): Promise<string> {
  const folder = await mkdtemp(join(scratch, 'folder-'));
  const usual = { 'vocab.json': vocabulary, 'merges.txt': '#version: 0.2\n', 'tokenizer_config.json': { model_max_length: 16 } };
  for (const [name, content] of Object.entries({ ...usual, ...files }))
    if (content !== null) await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  return folder;
}

describe('an added word', () => {
  it.each<[string, Record<string, unknown>]>([
    ['added_tokens.json', { 'added_tokens.json': { '<sks-style>': added } }],
    ['tokenizer_config.json', { 'tokenizer_config.json': { added_tokens_decoder: { [added]: { content: '<sks-style>' } } } }],
    [
      'tokenizer.json',
      {
        'vocab.json': null,
        'merges.txt': null,
        'tokenizer.json': { model: { vocab: vocabulary, merges: [] }, added_tokens: [{ id: added, content: '<sks-style>' }] },
      },
    ],
  ])('of %s is one token anywhere in a text', async (_name, files) => {
    const tokenizer = await CLIPTokenizer.fromDirectory(await folderWith(files));
    expect(tokenizer.encode('a <sks-style>').slice(1, 3)).toEqual([vocabulary['a</w>'], added]);
    expect(tokenizer.encode('a<SKS-Style>b').slice(1, 4)).toEqual([vocabulary['a</w>'], added, vocabulary['b</w>']]);
    expect(tokenizer.largestId).toBe(added);
  });

  it('that does not fit into a text is reported as cut off', async () => {
    const tokenizer = await CLIPTokenizer.fromDirectory(await folderWith({ 'added_tokens.json': { '<new>': added } }));
    expect(tokenizer.cutsOff(`${'a '.repeat(13)}<new>`, '<new>')).toBe(false);
    expect(tokenizer.cutsOff(`${'a '.repeat(14)}<new>`, '<new>')).toBe(true);
    expect(tokenizer.cutsOff('a b', '<new>')).toBe(false);
    expect(tokenizer.cutOff(`${'a '.repeat(14)}b c`)).toBe('b c');
    expect(tokenizer.cutOff('a b')).toBe('');
  });
});

it.each<[string, Record<string, unknown>, RegExp]>([
  ['two numbers for one word', { 'added_tokens.json': { a: added } }, /"a" two numbers/],
  [
    'merges of another vocabulary',
    { 'merges.txt': '#version: 0.2\nhello world\n' },
    /merges\.txt is not the merges of this vocabulary.*hello world/,
  ],
  [
    'a pointer in place of merges',
    { 'merges.txt': 'version https://git-lfs.github.com/spec/v1\noid sha256:00\n' },
    /merges\.txt is a Git LFS pointer/,
  ],
  ['a page in place of the vocabulary', { 'vocab.json': '<!DOCTYPE html>' }, /vocab\.json is a web page/],
  ['nothing', { 'vocab.json': null, 'merges.txt': null }, /contains neither vocab\.json/],
])('refuses %s', async (_name, files, message) => {
  const folder = await folderWith(files);
  await expect(CLIPTokenizer.fromDirectory(folder)).rejects.toThrow(message);
  await expect(CLIPTokenizer.fromDirectory(folder)).rejects.toThrow(ModelFileError);
});

describe('merges.txt', () => {
  const words = { ...vocabulary, ab: 1000, 'ab</w>': 1001 };
  const firstWord = async (merges: string) =>
    (await CLIPTokenizer.fromDirectory(await folderWith({ 'vocab.json': words, 'merges.txt': merges }))).encode('ab').slice(1, 2);

  it.each([
    '#version: 0.2\n',
    '#version: 0.2 - Trained by `huggingface/tokenizers`\r\n',
    '"bpe_simple_vocab_16e6.txt#version: 0.2\n',
    '\ufeff#version: 0.2\n',
    '# merges of a small vocabulary\n',
    '',
  ])('is read with the header %j', async (header) => {
    expect(await firstWord(`${header}a b</w>\n`)).toEqual([1001]);
  });

  it('of twenty million lines is refused by their number', async () => {
    await expect(firstWord(`#version: 0.2\n${'a\n'.repeat(20_000_000)}`)).rejects.toThrow(
      /merges\.txt has 20000001 lines; at most 1000000/,
    );
  });
});

// What transformers 5 reads from the same folders.
it.each<[string, object, object, string, boolean]>([
  ['special_tokens_map.json, if the config is older', { pad_token: '<|endoftext|>' }, { pad_token: 'x' }, 'x', true],
  [
    'tokenizer_config.json, if it has added_tokens_decoder',
    { pad_token: '<|endoftext|>', added_tokens_decoder: {} },
    { pad_token: 'x' },
    '<|endoftext|>',
    false,
  ],
  ['tokenizer_config.json, if it is alone', { pad_token: 'x' }, {}, 'x', true],
])('the padding is that of %s, and a token anywhere in a text', async (_name, config, map, padding, isToken) => {
  const files = { 'tokenizer_config.json': { model_max_length: 8, ...config }, 'special_tokens_map.json': map };
  const tokenizer = await CLIPTokenizer.fromDirectory(await folderWith(files));
  expect(tokenizer.encode('a').at(-1)).toBe(vocabulary[padding]);
  expect(tokenizer.encode('abx')[3]).toBe(vocabulary[isToken ? 'x' : 'x</w>']);
});
