// A base model as the API sees it: it reads the configs, the weights are the worker's business.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

const configs: Record<string, object> = {
  'model_index.json': { _class_name: 'StableDiffusionPipeline' },
  'unet/config.json': { sample_size: 16, in_channels: 4, block_out_channels: [32, 64, 64], cross_attention_dim: 48 },
  'vae/config.json': { block_out_channels: [16, 32, 64] },
  'text_encoder/config.json': { hidden_size: 48, max_position_embeddings: 77 },
  'scheduler/scheduler_config.json': { num_train_timesteps: 1000 },
};

/** `further`: files by path inside the folder; objects are written as JSON. */
export async function writeBaseModelConfigs(folder: string, further: Record<string, object | string> = {}): Promise<void> {
  for (const [name, content] of Object.entries({ ...configs, ...further })) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
}
