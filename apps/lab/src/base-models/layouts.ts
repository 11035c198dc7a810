// Configs of Stable Diffusion 1.x, 2.x and XL, as in their diffusers folders, which single-file checkpoints do not contain.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { familyOf, SingleFileError, type FamilyName } from '@styleforge/model-files';
import { readJson, type JsonObject, type SingleFileKind, type SingleFileLayout } from '@styleforge/weights';
import { firstConvolution, OF_OTHER_SHAPE, widthsOf, type Widths } from './single-file-widths.ts';

export const PREDICTION_TYPES = ['epsilon', 'v_prediction'] as const;
export type PredictionType = (typeof PREDICTION_TYPES)[number];

/** CLIP's vocabulary of 49,408 words in rows of 77 ids, which both generations share. A single file contains no tokenizer. */
const clipTokenizer = fileURLToPath(new URL('./clip-tokenizer', import.meta.url));

const modelIndex: JsonObject = {
  _class_name: 'StableDiffusionPipeline',
  feature_extractor: [null, null],
  requires_safety_checker: false,
  safety_checker: [null, null],
  scheduler: ['diffusers', 'PNDMScheduler'],
  text_encoder: ['transformers', 'CLIPTextModel'],
  tokenizer: ['transformers', 'CLIPTokenizer'],
  unet: ['diffusers', 'UNet2DConditionModel'],
  vae: ['diffusers', 'AutoencoderKL'],
};

const scheduler = (predictionType: PredictionType): JsonObject => ({
  _class_name: 'PNDMScheduler',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  num_train_timesteps: 1000,
  prediction_type: predictionType,
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  trained_betas: null,
});

const unet: JsonObject = {
  _class_name: 'UNet2DConditionModel',
  act_fn: 'silu',
  attention_head_dim: 8,
  block_out_channels: [320, 640, 1280, 1280],
  center_input_sample: false,
  cross_attention_dim: 768,
  down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  downsample_padding: 1,
  flip_sin_to_cos: true,
  freq_shift: 0,
  in_channels: 4,
  layers_per_block: 2,
  mid_block_scale_factor: 1,
  norm_eps: 1e-5,
  norm_num_groups: 32,
  out_channels: 4,
  sample_size: 64,
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
};

const vae: JsonObject = {
  _class_name: 'AutoencoderKL',
  act_fn: 'silu',
  block_out_channels: [128, 256, 512, 512],
  down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D'],
  in_channels: 3,
  latent_channels: 4,
  layers_per_block: 2,
  norm_num_groups: 32,
  out_channels: 3,
  sample_size: 512,
  scaling_factor: 0.18215,
  up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D'],
};

const textEncoder: JsonObject = {
  architectures: ['CLIPTextModel'],
  attention_dropout: 0,
  bos_token_id: 49406,
  eos_token_id: 49407,
  hidden_act: 'quick_gelu',
  hidden_size: 768,
  initializer_factor: 1,
  initializer_range: 0.02,
  intermediate_size: 3072,
  layer_norm_eps: 1e-5,
  max_position_embeddings: 77,
  model_type: 'clip_text_model',
  num_attention_heads: 12,
  num_hidden_layers: 12,
  pad_token_id: 1,
  projection_dim: 768,
  vocab_size: 49408,
};

export const stableDiffusion1Configs = { unet, vae, text_encoder: textEncoder };

const HEAD_SIZE = 64;
const heads = (width: number): number => Math.max(1, Math.floor(width / HEAD_SIZE));

const withWidths = (configs: typeof stableDiffusion1Configs, { unet: channels, input, context, vae: vaeChannels, text }: Widths) => ({
  unet: { ...configs.unet, in_channels: input, block_out_channels: [...channels], cross_attention_dim: context },
  vae: { ...configs.vae, block_out_channels: [...vaeChannels] },
  text_encoder: {
    ...configs.text_encoder,
    hidden_size: text.hidden,
    intermediate_size: text.intermediate,
    num_attention_heads: heads(text.hidden),
    vocab_size: text.vocabulary,
  },
});

const publishedWidths = { input: 4, unet: [320, 640, 1280, 1280], vae: [128, 256, 512, 512] };
const stableDiffusion1Widths: Widths = { ...publishedWidths, context: 768, text: { hidden: 768, intermediate: 3072, vocabulary: 49408 } };
const stableDiffusion2Widths: Widths = { ...publishedWidths, context: 1024, text: { hidden: 1024, intermediate: 4096, vocabulary: 49408 } };

export function stableDiffusion1(predictionType: PredictionType = 'epsilon', widths = stableDiffusion1Widths): SingleFileLayout {
  const configs = withWidths(stableDiffusion1Configs, widths);
  return { configs, modelIndex, schedulerConfig: scheduler(predictionType), tokenizers: { tokenizer: clipTokenizer } };
}

/** The file does not say what the model predicts: the 768-pixel models predict velocity, the 512-pixel base models noise. */
export async function stableDiffusion2(
  predictionType: PredictionType,
  scratch: string,
  widths = stableDiffusion2Widths,
): Promise<SingleFileLayout> {
  const sample_size = predictionType === 'v_prediction' ? 96 : 64;
  const configs = withWidths(stableDiffusion1Configs, widths);
  return {
    configs: {
      unet: { ...configs.unet, attention_head_dim: widths.unet.map(heads), sample_size, use_linear_projection: true },
      vae: { ...configs.vae, sample_size: 768 },
      text_encoder: { ...configs.text_encoder, hidden_act: 'gelu', num_hidden_layers: 23, projection_dim: 512 },
    },
    modelIndex,
    schedulerConfig: scheduler(predictionType),
    tokenizers: { tokenizer: await paddedWithExclamationMarks(scratch, 'tokenizer') },
  };
}

/** Stable Diffusion XL base 1.0. A file of other sizes needs a folder with its configs. */
export const stableDiffusionXlConfigs = {
  unet: {
    ...unet,
    addition_embed_type: 'text_time',
    addition_time_embed_dim: 256,
    attention_head_dim: [5, 10, 20],
    block_out_channels: [320, 640, 1280],
    cross_attention_dim: 2048,
    down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
    projection_class_embeddings_input_dim: 2816,
    sample_size: 128,
    transformer_layers_per_block: [1, 2, 10],
    up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
    use_linear_projection: true,
  },
  vae: { ...vae, force_upcast: true, sample_size: 1024, scaling_factor: 0.13025 },
  text_encoder: textEncoder,
  text_encoder_2: {
    ...textEncoder,
    architectures: ['CLIPTextModelWithProjection'],
    hidden_act: 'gelu',
    hidden_size: 1280,
    intermediate_size: 5120,
    num_attention_heads: 20,
    num_hidden_layers: 32,
    projection_dim: 1280,
  },
};

export const stableDiffusionXlIndex: JsonObject = {
  _class_name: 'StableDiffusionXLPipeline',
  force_zeros_for_empty_prompt: true,
  scheduler: ['diffusers', 'EulerDiscreteScheduler'],
  text_encoder: ['transformers', 'CLIPTextModel'],
  text_encoder_2: ['transformers', 'CLIPTextModelWithProjection'],
  tokenizer: ['transformers', 'CLIPTokenizer'],
  tokenizer_2: ['transformers', 'CLIPTokenizer'],
  unet: ['diffusers', 'UNet2DConditionModel'],
  vae: ['diffusers', 'AutoencoderKL'],
};

export async function stableDiffusionXl(predictionType: PredictionType = 'epsilon', scratch: string): Promise<SingleFileLayout> {
  return {
    configs: stableDiffusionXlConfigs,
    modelIndex: stableDiffusionXlIndex,
    schedulerConfig: {
      ...scheduler(predictionType),
      _class_name: 'EulerDiscreteScheduler',
      interpolation_type: 'linear',
      timestep_spacing: 'leading',
      use_karras_sigmas: false,
    },
    tokenizers: { tokenizer: clipTokenizer, tokenizer_2: await paddedWithExclamationMarks(scratch, 'tokenizer_2') },
  };
}

/** OpenCLIP pads short texts with token 0. */
async function paddedWithExclamationMarks(scratch: string, name: string): Promise<string> {
  const directory = join(scratch, name);
  await mkdir(directory, { recursive: true });
  for (const name of ['vocab.json', 'merges.txt']) await writeFile(join(directory, name), await readFile(join(clipTokenizer, name)));
  for (const name of ['special_tokens_map.json', 'tokenizer_config.json']) {
    await writeFile(join(directory, name), JSON.stringify({ ...(await readJson(join(clipTokenizer, name))), pad_token: '!' }, null, 2));
  }
  return directory;
}

interface LayoutOptions {
  readonly predictionType: PredictionType | undefined;
  /** Files that the layout needs are written below it. */
  readonly scratch: string;
}

type LayoutOf = (file: string, kind: SingleFileKind, options: LayoutOptions) => Promise<SingleFileLayout>;

const layouts: { readonly [Name in FamilyName]: LayoutOf } = {
  'stable-diffusion': async (file, { openClip }, { predictionType, scratch }) => {
    if (!openClip) return stableDiffusion1(predictionType, await widthsOf(file));
    if (predictionType === undefined)
      throw new Error(
        'a Stable Diffusion 2.x file does not say what it predicts: give --prediction-type v_prediction (768-pixel ' +
          'models) or epsilon (base models)',
      );
    return stableDiffusion2(predictionType, scratch, await widthsOf(file));
  },
  'stable-diffusion-xl': async (file, _kind, { predictionType, scratch }) => {
    const layout = await stableDiffusionXl(predictionType, scratch);
    const [channels, input] = await firstConvolution(file);
    const { unet: config } = stableDiffusionXlConfigs;
    if (channels !== config.block_out_channels[0])
      throw new SingleFileError(`${file} is not of the shape of XL base 1.0: ${OF_OTHER_SHAPE}`);
    return { ...layout, configs: { ...layout.configs, unet: { ...config, in_channels: input } } };
  },
};

/** Layout by the family of the file. */
export const singleFileLayout: LayoutOf = (file, kind, options) => layouts[kind.family.name](file, kind, options);

/** Layout of a diffusers folder; does not read its weights. */
export async function layoutOf(directory: string): Promise<SingleFileLayout> {
  const json = (...path: string[]): Promise<JsonObject> => readJson(join(directory, ...path));
  const modelIndex = await json('model_index.json');
  const { components } = familyOf(modelIndex);
  const configs = await Promise.all(components.map(async ({ name }) => [name, await json(name, 'config.json')] as const));
  const tokenizers = components.flatMap(({ tokenizer }) => (tokenizer ? [[tokenizer, join(directory, tokenizer)] as const] : []));
  return {
    configs: Object.fromEntries(configs),
    modelIndex,
    schedulerConfig: await json('scheduler', 'scheduler_config.json'),
    tokenizers: Object.fromEntries(tokenizers),
  };
}
