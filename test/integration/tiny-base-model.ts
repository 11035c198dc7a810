// A base model small enough to train within seconds: the reference checkpoint with random weights, and a vocabulary of single bytes.
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const tinySd = fileURLToPath(new URL('../golden/tiny-sd', import.meta.url));
/** As its text encoder's config has them. */
const startId = 998;
const endId = 999;

export async function makeTinyBaseModel(directory: string): Promise<void> {
  await cp(tinySd, directory, { recursive: true });
  const tokenizer = join(directory, 'tokenizer');
  await mkdir(tokenizer);
  const letters = byteLetters();
  const tokens = [...letters, ...letters.map((letter) => `${letter}</w>`)];
  const vocabulary = Object.fromEntries([...tokens.map((token, id) => [token, id]), ['<|startoftext|>', startId], ['<|endoftext|>', endId]]);
  const special = { bos_token: '<|startoftext|>', eos_token: '<|endoftext|>', pad_token: '<|endoftext|>', unk_token: '<|endoftext|>' };
  await writeFile(join(tokenizer, 'vocab.json'), JSON.stringify(vocabulary));
  await writeFile(join(tokenizer, 'merges.txt'), '#version: 0.2\n');
  await writeFile(join(tokenizer, 'special_tokens_map.json'), JSON.stringify(special));
  await writeFile(join(tokenizer, 'tokenizer_config.json'), JSON.stringify({ ...special, model_max_length: 77, tokenizer_class: 'CLIPTokenizer' }));
}

/** The extractor `mini-clip` at tiny size, with random weights. */
export async function makeTinyExtractor(directory: string): Promise<void> {
  for (const part of ['clip-preprocessing', 'tiny-clip']) await cp(fileURLToPath(new URL(`../golden/${part}`, import.meta.url)), directory, { recursive: true });
}

/** Byte-level BPE writes each byte as one visible character. */
function byteLetters(): string[] {
  const isVisible = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isVisible(byte) ? byte : next++));
}
