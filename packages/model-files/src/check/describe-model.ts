// The check of a base model's small files, shared by importer, catalog and jobs: a model that passes can be trained and can generate.
import { join } from 'node:path';
import { checkModelIndex } from './check-index.ts';
import { parseAutoencoderKLConfig, type AutoencoderKLConfig } from '../configs/autoencoder-kl-config.ts';
import { parseCLIPTextConfig, type CLIPTextConfig } from '../configs/clip-config.ts';
import { parseUNet2DConditionConfig, type UNet2DConditionConfig } from '../configs/unet-2d-condition-config.ts';
import { type ComponentFiles, type ComponentName } from '../families/family.ts';
import { componentOfKind, componentsOfKind, type Family, familyOf } from '../families/index.ts';
import { ModelFileError } from '../files/model-file-error.ts';
import { exists, readJson, type JsonObject } from '../files/read-files.ts';
import { checkSamplers, DDPMScheduler, type SchedulerConfig } from '../schedulers/index.ts';
import { CLIPTokenizer } from '../tokenizers/clip-tokenizer.ts';

export interface TextEncoderDescription {
  readonly component: ComponentName;
  readonly config: CLIPTextConfig;
  /** The tokenizer, with rows of as many ids as the text encoder has positions; null if the folder has none. */
  readonly tokenizer: CLIPTokenizer | null;
}

/** The networks of a folder, checked to fit together. */
export interface NetworkDescription {
  readonly family: Family;
  readonly modelIndex: JsonObject;
  readonly unet: UNet2DConditionConfig;
  readonly vae: AutoencoderKLConfig;
  /** Text encoders in the order in which the U-Net attends to them. */
  readonly textEncoders: readonly TextEncoderDescription[];
  readonly schedulerConfig: SchedulerConfig;
}

export interface ModelDescription extends NetworkDescription {
  readonly textEncoders: readonly (TextEncoderDescription & { readonly tokenizer: CLIPTokenizer })[];
  /** The tokenizer of the first text encoder, which is used to check prompts. */
  readonly tokenizer: CLIPTokenizer;
  readonly noiseScheduler: DDPMScheduler;
  /** Pixels per latent, along each side. */
  readonly latentScale: number;
  /** Side in pixels that the model was trained at. */
  readonly resolution: number;
}

const PIXEL_CHANNELS = 3;
/** The size that diffusers' pipelines assume if a U-Net's config has none. */
const USUAL_SAMPLE_SIZE = 64;

/** Parses a file. Errors of `parse` become errors of the file. */
async function part<T>(directory: string, file: string, parse: (json: JsonObject) => T): Promise<T> {
  const path = join(directory, file);
  const json = await readJson(path);
  try {
    return parse(json);
  } catch (cause) {
    throw new ModelFileError(path, `cannot be used: ${(cause as Error).message}`, { cause });
  }
}

function checkChannels(directory: string, { unet, vae, family }: Networks): void {
  const files = { unet: `${componentOfKind(family, 'unet')}/config.json`, vae: `${componentOfKind(family, 'autoencoder')}/config.json` };
  const wrong = (file: string, field: string, is: number, needed: number, why: string): never => {
    throw new ModelFileError(
      join(directory, file),
      `has ${field} ${is}, and ${needed} ${why}: inpainting, depth and edit models are not supported`,
    );
  };
  const { latent_channels: latents } = vae;
  for (const side of ['in_channels', 'out_channels'] as const) {
    if (vae[side] !== PIXEL_CHANNELS) wrong(files.vae, side, vae[side], PIXEL_CHANNELS, 'are the colors of an image');
    if (unet[side] !== latents) wrong(files.unet, side, unet[side], latents, "are the VAE's latent_channels");
  }
}

type Networks = Pick<NetworkDescription, 'family' | 'unet' | 'vae' | 'textEncoders'>;

/** Checks that the U-Net's attention has the width of all text encoders together. */
function checkContext(directory: string, { unet, family, textEncoders }: Networks): void {
  const width = textEncoders.reduce((sum, { config }) => sum + config.hidden_size, 0);
  if (unet.cross_attention_dim.every((dimension) => dimension === width)) return;
  const whose = textEncoders.length === 1 ? "the text encoder's hidden_size" : "the sum of the text encoders' hidden_size";
  throw new ModelFileError(
    join(directory, componentOfKind(family, 'unet'), 'config.json'),
    `has cross_attention_dim ${unet.cross_attention_dim[0]}, which is not ${whose} ${width}: the networks are of different models`,
  );
}

/** Checks the additional inputs of the U-Net's time embedding: a projected text and numbers of the image, in families that have them. */
function checkAdded(directory: string, { unet, family, textEncoders }: Networks): void {
  const path = join(directory, componentOfKind(family, 'unet'), 'config.json');
  if ((unet.addition_embed === null) !== (family.imageNumbers === 0)) {
    const fault =
      unet.addition_embed === null ? 'has no addition_embed_type' : `has an addition_embed_type, as Stable Diffusion XL's U-Net has`;
    throw new ModelFileError(
      path,
      `${fault}, and model_index.json and its text encoders are of ${family.title}: take a folder of one model`,
    );
  }
  if (unet.addition_embed === null) return;
  const projecting = componentsOfKind(family, 'text-encoder').find(({ projects }) => projects)?.name;
  const projection = textEncoders.find(({ component }) => component === projecting)?.config.projection_dim ?? 0;
  const inputs = projection + family.imageNumbers * unet.addition_embed.numbers;
  if (unet.addition_embed.inputs !== inputs)
    throw new ModelFileError(
      path,
      `has projection_class_embeddings_input_dim ${unet.addition_embed.inputs}, and ${inputs} are needed: ` +
        `projection_dim of ${projecting} and ${family.imageNumbers} times addition_time_embed_dim`,
    );
}

async function readTextEncoder(directory: string, { name, tokenizer: folder = '' }: ComponentFiles): Promise<TextEncoderDescription> {
  const config = await part(directory, `${name}/config.json`, parseCLIPTextConfig);
  const path = join(directory, folder);
  const tokenizer = (await exists(path)) ? await CLIPTokenizer.fromDirectory(path, { maxLength: config.max_position_embeddings }) : null;
  if (tokenizer !== null && tokenizer.largestId >= config.vocab_size)
    throw new ModelFileError(
      path,
      `has the token number ${tokenizer.largestId}, and the text encoder's vocab_size is ${config.vocab_size}: take ` +
        'the tokenizer that belongs to the text encoder',
    );
  return { component: name, config, tokenizer };
}

/**
 * Reads the configs and tokenizers of a model for generation. Throws ModelFileError, which names the file, what is wrong and what to do.
 */
export async function describeNetworks(directory: string): Promise<NetworkDescription> {
  if (!(await exists(join(directory, 'model_index.json'))))
    throw new ModelFileError(directory, 'is not a diffusers folder: it contains no model_index.json');
  await checkModelIndex(directory);
  const modelIndex = await readJson(join(directory, 'model_index.json'));
  const family = familyOf(modelIndex);
  const unet = await part(directory, `${componentOfKind(family, 'unet')}/config.json`, parseUNet2DConditionConfig);
  const vae = await part(directory, `${componentOfKind(family, 'autoencoder')}/config.json`, parseAutoencoderKLConfig);
  const encoders = componentsOfKind(family, 'text-encoder');
  const configs: TextEncoderDescription[] = [];
  for (const encoder of encoders) configs.push(await readTextEncoder(directory, encoder));
  const schedulerConfig = await readJson(join(directory, 'scheduler/scheduler_config.json'));
  const networks = { family, unet, vae, textEncoders: configs };
  checkChannels(directory, networks);
  checkAdded(directory, networks);
  checkContext(directory, networks);
  return { ...networks, modelIndex, schedulerConfig };
}

/** Reads and checks everything except the weights of a base model. Throws ModelFileError. */
export async function describeModel(directory: string): Promise<ModelDescription> {
  const { textEncoders, ...networks } = await describeNetworks(directory);
  const folderOf = (component: ComponentName): string =>
    networks.family.components.find(({ name }) => name === component)?.tokenizer ?? 'tokenizer';
  const read = textEncoders.map(({ tokenizer, ...encoder }) => {
    if (tokenizer === null)
      throw new ModelFileError(
        join(directory, folderOf(encoder.component)),
        'is missing: add vocab.json and merges.txt, or tokenizer.json',
      );
    return { ...encoder, tokenizer };
  });
  const noiseScheduler = await part(directory, 'scheduler/scheduler_config.json', (json) => {
    checkSamplers(json);
    return new DDPMScheduler(json);
  });
  const { unet, vae } = networks;
  const latentScale = 2 ** (vae.block_out_channels.length - 1);
  const resolution = (unet.sample_size ?? USUAL_SAMPLE_SIZE) * latentScale;
  return { ...networks, textEncoders: read, tokenizer: read[0]!.tokenizer, noiseScheduler, latentScale, resolution };
}
