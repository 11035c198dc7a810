// A base model as the API needs it: its configs without its weights, which only the worker reads.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

const special = { bos_token: '<|startoftext|>', eos_token: '<|endoftext|>', pad_token: '<|endoftext|>', unk_token: '<|endoftext|>' };
const letters = Array.from({ length: 126 - 32 }, (_, i) => String.fromCharCode(33 + i));
const vocabulary = Object.fromEntries(
  [...letters, ...letters.map((letter) => `${letter}</w>`), special.bos_token, special.eos_token].map((token, id) => [token, id]),
);

const configs: Record<string, object | string> = {
  'model_index.json': { _class_name: 'StableDiffusionPipeline' },
  'unet/config.json': {
    sample_size: 16,
    in_channels: 4,
    block_out_channels: [32, 64, 64],
    cross_attention_dim: 48,
    down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
    up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
  },
  'vae/config.json': {
    block_out_channels: [16, 32, 64],
    down_block_types: new Array<string>(3).fill('DownEncoderBlock2D'),
    up_block_types: new Array<string>(3).fill('UpDecoderBlock2D'),
    norm_num_groups: 16,
  },
  'text_encoder/config.json': { hidden_size: 48, max_position_embeddings: 77 },
  'scheduler/scheduler_config.json': { num_train_timesteps: 1000 },
  'tokenizer/vocab.json': vocabulary,
  'tokenizer/merges.txt': '#version: 0.2\n',
  'tokenizer/tokenizer_config.json': { ...special, model_max_length: 77 },
};

/** Writes the configs. `further`: additional files by path inside the folder; objects are written as JSON. */
export async function writeBaseModelConfigs(folder: string, further: Record<string, object | string> = {}): Promise<void> {
  for (const [name, content] of Object.entries({ ...configs, ...further })) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
}
