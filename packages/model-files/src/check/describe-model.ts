// The check of a base model's small files, which importer, catalogue and jobs share: what it accepts can be trained and generate.
import { join } from 'node:path';
import { parseAutoencoderKLConfig, type AutoencoderKLConfig } from '../configs/autoencoder-kl-config.ts';
import { parseCLIPTextConfig, type CLIPTextConfig } from '../configs/clip-config.ts';
import { parseUNet2DConditionConfig, type UNet2DConditionConfig } from '../configs/unet-2d-condition-config.ts';
import { ModelFileError } from '../files/model-file-error.ts';
import { exists, readJson, type JsonObject } from '../files/read-files.ts';
import { checkSamplers, DDPMScheduler, type SchedulerConfig } from '../schedulers/index.ts';
import { CLIPTokenizer } from '../tokenizers/clip-tokenizer.ts';

/** The networks of a folder, which fit each other. */
export interface NetworkDescription {
  readonly unet: UNet2DConditionConfig;
  readonly vae: AutoencoderKLConfig;
  readonly textEncoder: CLIPTextConfig;
  readonly schedulerConfig: SchedulerConfig;
  /** Null where the folder has none. In rows of as many ids as the text encoder has positions. */
  readonly tokenizer: CLIPTokenizer | null;
}

export interface ModelDescription extends NetworkDescription {
  readonly tokenizer: CLIPTokenizer;
  readonly noiseScheduler: DDPMScheduler;
  /** Pixels to a latent, along one side. */
  readonly latentScale: number;
  /** Pixels along one side that the model was made for. */
  readonly resolution: number;
}

const PIXEL_CHANNELS = 3;
/** Where a U-Net's config does not say, as diffusers' pipelines assume. */
const USUAL_SAMPLE_SIZE = 64;

/** What `parse` makes of the file; its complaints become the file's. */
async function part<T>(directory: string, file: string, parse: (json: JsonObject) => T): Promise<T> {
  const path = join(directory, file);
  const json = await readJson(path);
  try {
    return parse(json);
  } catch (cause) {
    throw new ModelFileError(path, `cannot be used: ${(cause as Error).message}`, { cause });
  }
}

function checkChannels(directory: string, unet: UNet2DConditionConfig, vae: AutoencoderKLConfig): void {
  const wrong = (file: string, field: string, is: number, needed: number, why: string): never => {
    throw new ModelFileError(
      join(directory, file),
      `has ${field} ${is}, and ${needed} ${why}: inpainting, depth and edit models are not supported`,
    );
  };
  const { latent_channels: latents } = vae;
  if (unet.addition_embed !== null)
    throw new ModelFileError(
      join(directory, 'unet/config.json'),
      'is of Stable Diffusion XL, which cannot be a base model yet: take a 1.x or 2.x checkpoint',
    );
  for (const side of ['in_channels', 'out_channels'] as const) {
    if (vae[side] !== PIXEL_CHANNELS) wrong('vae/config.json', side, vae[side], PIXEL_CHANNELS, 'are the colors of an image');
    if (unet[side] !== latents) wrong('unet/config.json', side, unet[side], latents, "are the VAE's latent_channels");
  }
}

function checkText(directory: string, unet: UNet2DConditionConfig, text: CLIPTextConfig, tokenizer: CLIPTokenizer | null): void {
  if (unet.cross_attention_dim.some((dimension) => dimension !== text.hidden_size))
    throw new ModelFileError(
      join(directory, 'unet/config.json'),
      `has cross_attention_dim ${unet.cross_attention_dim[0]}, which is not the text encoder's hidden_size ${text.hidden_size}: the two are of different models`,
    );
  if (tokenizer !== null && tokenizer.largestId >= text.vocab_size)
    throw new ModelFileError(
      join(directory, 'tokenizer'),
      `has the token number ${tokenizer.largestId}, and the text encoder's vocab_size is ${text.vocab_size}: take the tokenizer that belongs to the text encoder`,
    );
}

/** Reads the configs and the tokenizer of a model that is to generate. Throws ModelFileError, which names the file, what is wrong and what to do. */
export async function describeNetworks(directory: string): Promise<NetworkDescription> {
  if (!(await exists(join(directory, 'model_index.json'))))
    throw new ModelFileError(directory, 'is not a diffusers folder: it holds no model_index.json');
  await readJson(join(directory, 'model_index.json'));
  const unet = await part(directory, 'unet/config.json', parseUNet2DConditionConfig);
  const vae = await part(directory, 'vae/config.json', parseAutoencoderKLConfig);
  const textEncoder = await part(directory, 'text_encoder/config.json', parseCLIPTextConfig);
  const schedulerConfig = await readJson(join(directory, 'scheduler/scheduler_config.json'));
  checkChannels(directory, unet, vae);
  const tokenizerDirectory = join(directory, 'tokenizer');
  const { max_position_embeddings: maxLength } = textEncoder;
  const tokenizer = (await exists(tokenizerDirectory)) ? await CLIPTokenizer.fromDirectory(tokenizerDirectory, { maxLength }) : null;
  checkText(directory, unet, textEncoder, tokenizer);
  return { unet, vae, textEncoder, schedulerConfig, tokenizer };
}

/** Reads and checks everything but the weights of a base model. Throws ModelFileError. */
export async function describeModel(directory: string): Promise<ModelDescription> {
  const { tokenizer, ...networks } = await describeNetworks(directory);
  if (tokenizer === null)
    throw new ModelFileError(join(directory, 'tokenizer'), 'is missing: add vocab.json and merges.txt, or tokenizer.json');
  const noiseScheduler = await part(directory, 'scheduler/scheduler_config.json', (json) => {
    checkSamplers(json);
    return new DDPMScheduler(json);
  });
  const { unet, vae } = networks;
  const latentScale = 2 ** (vae.block_out_channels.length - 1);
  return { ...networks, tokenizer, noiseScheduler, latentScale, resolution: (unet.sample_size ?? USUAL_SAMPLE_SIZE) * latentScale };
}
