// A base model small enough to train within seconds: the reference checkpoint with random weights, without its inner levels, and a
// vocabulary of single bytes.
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SafetensorsReader, writeSafetensors } from '@styleforge/weights';

const tinySd = fileURLToPath(new URL('../golden/tiny-sd', import.meta.url));
/** Ids as its text encoder's config has them. */
const startId = 998;
const endId = 999;

export async function makeTinyBaseModel(directory: string): Promise<void> {
  await cp(tinySd, directory, { recursive: true });
  await keepOuterLevels(join(directory, 'unet'));
  const tokenizer = join(directory, 'tokenizer');
  await mkdir(tokenizer);
  const letters = byteLetters();
  const tokens = [...letters, ...letters.map((letter) => `${letter}</w>`)];
  const vocabulary = Object.fromEntries([
    ...tokens.map((token, id) => [token, id]),
    ['<|startoftext|>', startId],
    ['<|endoftext|>', endId],
  ]);
  const special = { bos_token: '<|startoftext|>', eos_token: '<|endoftext|>', pad_token: '<|endoftext|>', unk_token: '<|endoftext|>' };
  await writeFile(join(tokenizer, 'vocab.json'), JSON.stringify(vocabulary));
  await writeFile(join(tokenizer, 'merges.txt'), '#version: 0.2\n');
  await writeFile(join(tokenizer, 'special_tokens_map.json'), JSON.stringify(special));
  await writeFile(
    join(tokenizer, 'tokenizer_config.json'),
    JSON.stringify({ ...special, model_max_length: 77, tokenizer_class: 'CLIPTokenizer' }),
  );
}

const tinySdxl = fileURLToPath(new URL('../golden-methods/tiny-sdxl', import.meta.url));
/** Ids that its text encoders' embeddings have room for. */
const xlStartId = 318;
const xlEndId = 319;

/** Stable Diffusion XL at tiny size: both text encoders, each with a tokenizer of visible ASCII characters. */
export async function makeTinySdxlBaseModel(directory: string): Promise<void> {
  await cp(tinySdxl, directory, { recursive: true });
  const letters = Array.from({ length: 126 - 32 }, (_, i) => String.fromCharCode(33 + i));
  const tokens = [...letters, ...letters.map((letter) => `${letter}</w>`)];
  const vocabulary = Object.fromEntries([
    ...tokens.map((token, id) => [token, id]),
    ['<|startoftext|>', xlStartId],
    ['<|endoftext|>', xlEndId],
  ]);
  for (const [folder, padding] of [
    ['tokenizer', '<|endoftext|>'],
    ['tokenizer_2', '!'],
  ] as const) {
    const special = { bos_token: '<|startoftext|>', eos_token: '<|endoftext|>', pad_token: padding, unk_token: '<|endoftext|>' };
    const files = {
      'vocab.json': vocabulary,
      'special_tokens_map.json': special,
      'tokenizer_config.json': { ...special, model_max_length: 77, tokenizer_class: 'CLIPTokenizer' },
    };
    await mkdir(join(directory, folder));
    await writeFile(join(directory, folder, 'merges.txt'), '#version: 0.2\n');
    for (const [name, content] of Object.entries(files)) await writeFile(join(directory, folder, name), JSON.stringify(content));
  }
}

/** The tiny model of Stable Diffusion XL with one layer where it has several: a quarter of what there is to compile and to compute. */
export async function makeShallowSdxlBaseModel(directory: string): Promise<void> {
  await makeTinySdxlBaseModel(directory);
  // the last layer of an upper block takes what the level below has passed on
  const dropped = /^(down_blocks\.\d\.(resnets|attentions)\.1|up_blocks\.\d\.(resnets|attentions)\.1)\.|transformer_blocks\.[12]\./;
  await reduceUnet(join(directory, 'unet'), { layers_per_block: 1, transformer_layers_per_block: [1, 1, 1] }, (name) =>
    dropped.test(name) ? undefined : name.replace(/^(up_blocks\.\d\.(?:resnets|attentions))\.2\./, '$1.1.'),
  );
}

/** Two of the U-Net's four levels, of which the outer one attends to the prompt: half of what there is to compile and to compute. */
async function keepOuterLevels(unet: string): Promise<void> {
  const inner = /^(down_blocks\.[23]|up_blocks\.[01]|down_blocks\.1\.(attentions|downsamplers)|up_blocks\.2\.attentions)\./;
  const outer = {
    block_out_channels: [16, 32],
    down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
    up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
  };
  await reduceUnet(unet, outer, (name) =>
    inner.test(name) ? undefined : name.replace(/^up_blocks\.([23])/, (_, level) => `up_blocks.${Number(level) - 2}`),
  );
}

/** `rename`: the new name of a tensor; undefined for one that is omitted. */
async function reduceUnet(unet: string, changes: object, rename: (name: string) => string | undefined): Promise<void> {
  const config = join(unet, 'config.json');
  await writeFile(config, JSON.stringify({ ...(JSON.parse(await readFile(config, 'utf8')) as object), ...changes }));
  const weights = join(unet, 'diffusion_pytorch_model.safetensors');
  const reader = await SafetensorsReader.open(weights);
  const kept = reader.names().flatMap((stored) => {
    const name = rename(stored);
    return name === undefined ? [] : [{ name, shape: reader.info(stored).shape, data: () => reader.read(stored) }];
  });
  await writeSafetensors(weights, kept);
  await reader.close();
}

/** The extractor `mini-clip` at tiny size, with random weights. */
export async function makeTinyExtractor(directory: string): Promise<void> {
  for (const part of ['clip-preprocessing', 'tiny-clip'])
    await cp(fileURLToPath(new URL(`../golden/${part}`, import.meta.url)), directory, { recursive: true });
}

/** Byte-level BPE writes each byte as one visible character. */
function byteLetters(): string[] {
  const isVisible = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isVisible(byte) ? byte : next++));
}
