// The shipped tokenizer is what the script makes, byte for byte.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeTokenizer } from '../src/tokenizer/main.ts';

const shipped = new URL('../../../models/styleforge-mini/tokenizer', import.meta.url).pathname;

it('reproduces models/styleforge-mini/tokenizer', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tokenizer-'));
  const { max_position_embeddings } = JSON.parse(await readFile(join(shipped, '../text_encoder/config.json'), 'utf8')) as {
    max_position_embeddings: number;
  };
  await writeTokenizer(directory, max_position_embeddings);
  const names = await readdir(directory);
  expect(names.sort()).toEqual(['merges.txt', 'special_tokens_map.json', 'tokenizer_config.json', 'vocab.json']);
  for (const name of names) expect(Buffer.compare(await readFile(join(directory, name)), await readFile(join(shipped, name)))).toBe(0);
  await rm(directory, { recursive: true });
});
