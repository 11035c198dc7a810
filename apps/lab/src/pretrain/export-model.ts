// Writes the averaged weights as the diffusers folder in half precision that the project ships.
import { type ParameterBuffers } from '@styleforge/runtime';
import { prefixOf } from '@styleforge/styleforge';
import { componentOf, readDiffusersFolder, writeDiffusersFolder, writeSafetensors, type TensorEntry } from '@styleforge/weights';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { modelIndex, schedulerConfig, textEncoderConfig, unetConfig, vaeConfig } from './geometry.ts';
import { VAE_PREFIX } from './autoencoder.ts';

export interface ExportedModel {
  readonly vae: ParameterBuffers;
  readonly scalingFactor: number;
  readonly unetAndTextEncoder: ParameterBuffers;
  readonly tokenizerDirectory: string;
  /** Further files, such as README.md and styleforge.json. */
  readonly files: Record<string, string>;
}

function* entries(buffers: ParameterBuffers, prefix: string): Generator<TensorEntry> {
  for (const { name, shape } of buffers.specs) {
    if (name.startsWith(prefix)) yield { name: name.slice(prefix.length), shape: [...shape], data: buffers.get(name) };
  }
}

export async function exportModel(directory: string, model: ExportedModel): Promise<void> {
  await writeDiffusersFolder(
    directory,
    {
      modelIndex,
      schedulerConfig,
      tokenizers: { tokenizer: model.tokenizerDirectory },
      files: model.files,
      components: {
        vae: { config: { ...vaeConfig, scaling_factor: model.scalingFactor }, weights: entries(model.vae, VAE_PREFIX) },
        unet: { config: unetConfig, weights: entries(model.unetAndTextEncoder, prefixOf('unet')) },
        text_encoder: { config: textEncoderConfig, weights: entries(model.unetAndTextEncoder, prefixOf('text_encoder')) },
      },
    },
    { dtype: 'F16' },
  );
}

/** The model of `from` with another autoencoder. */
export async function exportWithAutoencoder(from: string, directory: string, vae: ParameterBuffers): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await cp(from, directory, { recursive: true });
  await writeSafetensors(join(directory, 'vae', 'diffusion_pytorch_model.safetensors'), [...entries(vae, VAE_PREFIX)], { dtype: 'F16' });
}

/** The factor that the model's U-Net expects its latents to be multiplied by. */
export async function scalingFactorOf(directory: string): Promise<number> {
  const { scaling_factor } = componentOf(await readDiffusersFolder(directory), 'vae').config;
  if (typeof scaling_factor !== 'number') throw new Error(`${directory}: the autoencoder's config.json has no scaling_factor`);
  return scaling_factor;
}
