// The CLIP tokenizer against transformers' ids, for common and unusual texts.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIPTokenizer } from '../src/index.ts';

const repository = new URL('../../../', import.meta.url).pathname;
const tokenizerDirectory = join(repository, 'models', 'styleforge-mini', 'tokenizer');

let tokenizer: CLIPTokenizer;
let scratch: string;
beforeAll(async () => {
  tokenizer = await CLIPTokenizer.fromDirectory(tokenizerDirectory, { maxLength: 77 });
  scratch = await mkdtemp(join(tmpdir(), 'tokenizer-'));
});
afterAll(() => rm(scratch, { recursive: true }));

it.each(['tokens.json', 'tokens-odd.json'])('gives the ids of %s', async (file) => {
  const rows = JSON.parse(await readFile(join(repository, 'test', 'golden', file), 'utf8')) as { text: string; input_ids: number[] }[];
  expect(rows.length).toBeGreaterThan(15);
  for (const { text, input_ids: ids } of rows) expect({ text, ids: tokenizer.encode(text) }).toEqual({ text, ids });
});

it('knows its vocabulary and names its tokens', () => {
  expect(tokenizer.vocabSize).toBe(49408);
  expect([tokenizer.startId, tokenizer.endId, tokenizer.padId, tokenizer.maxLength]).toEqual([49406, 49407, 49407, 77]);
  expect(tokenizer.tokenize('A Photo of zwx style')).toEqual(['a</w>', 'photo</w>', 'of</w>', 'z', 'wx</w>', 'style</w>']);
});

describe('another checkpoint', () => {
  const base = { vocab: { a: 0, b: 1, 'a</w>': 2, 'b</w>': 3, 'ab</w>': 4, '!': 5, '<s>': 6, '</s>': 7 }, merges: ['a b</w>'] };

  it('pads with its own pad token, to its own length', async () => {
    await writeFile(join(scratch, 'vocab.json'), JSON.stringify(base.vocab));
    await writeFile(join(scratch, 'merges.txt'), `#version: 0.2\n${base.merges.join('\n')}\n`);
    const config = { bos_token: '<s>', eos_token: { content: '</s>' }, pad_token: '!', model_max_length: 6 };
    await writeFile(join(scratch, 'tokenizer_config.json'), JSON.stringify(config));
    const small = await CLIPTokenizer.fromDirectory(scratch);
    expect(small.encode('ab b')).toEqual([6, 4, 3, 7, 5, 5]);
    expect(small.encode('ab ab ab ab ab ab')).toEqual([6, 4, 4, 4, 4, 7]);
    await rm(join(scratch, 'vocab.json'));
    await writeFile(join(scratch, 'tokenizer.json'), JSON.stringify({ model: { vocab: base.vocab, merges: [['a', 'b</w>']] } }));
    expect((await CLIPTokenizer.fromDirectory(scratch)).encode('ab b')).toEqual([6, 4, 3, 7, 5, 5]);
  });

  it('names what is missing', async () => {
    await expect(CLIPTokenizer.fromDirectory(join(scratch, 'none'))).rejects.toThrow(/neither vocab.json/);
    await writeFile(join(scratch, 'tokenizer_config.json'), JSON.stringify({ bos_token: '<gone>', eos_token: '</s>' }));
    await expect(CLIPTokenizer.fromDirectory(scratch)).rejects.toThrow(/special token <gone>/);
  });
});
