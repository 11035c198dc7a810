// What a single-file checkpoint of Stable Diffusion leaves out: the configs of 1.x and 2.x as their diffusers folders have them.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readJson, type JsonObject, type SingleFileLayout } from '@styleforge/weights';

export const PREDICTION_TYPES = ['epsilon', 'v_prediction'] as const;
export type PredictionType = (typeof PREDICTION_TYPES)[number];

/** CLIP's, which both generations share. */
const clipTokenizer = fileURLToPath(new URL('../../../../models/styleforge-mini/tokenizer', import.meta.url));

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

export function stableDiffusion1(): SingleFileLayout {
  return { configs: stableDiffusion1Configs, modelIndex, schedulerConfig: scheduler('epsilon'), tokenizerDirectory: clipTokenizer };
}

/** The file does not say what the model predicts: the 768-pixel models predict velocity, the 512-pixel base models noise. */
export async function stableDiffusion2(predictionType: PredictionType, scratch: string): Promise<SingleFileLayout> {
  const sample_size = predictionType === 'v_prediction' ? 96 : 64;
  return {
    configs: {
      unet: { ...unet, attention_head_dim: [5, 10, 20, 20], cross_attention_dim: 1024, sample_size, use_linear_projection: true },
      vae: { ...vae, sample_size: 768 },
      text_encoder: {
        ...textEncoder,
        hidden_act: 'gelu',
        hidden_size: 1024,
        intermediate_size: 4096,
        num_attention_heads: 16,
        num_hidden_layers: 23,
        projection_dim: 512,
      },
    },
    modelIndex,
    schedulerConfig: scheduler(predictionType),
    tokenizerDirectory: await paddedWithExclamationMarks(scratch),
  };
}

/** OpenCLIP fills up short texts with token 0. */
async function paddedWithExclamationMarks(scratch: string): Promise<string> {
  const directory = join(scratch, 'tokenizer');
  await mkdir(directory, { recursive: true });
  for (const name of ['vocab.json', 'merges.txt']) await writeFile(join(directory, name), await readFile(join(clipTokenizer, name)));
  for (const name of ['special_tokens_map.json', 'tokenizer_config.json']) {
    await writeFile(join(directory, name), JSON.stringify({ ...(await readJson(join(clipTokenizer, name))), pad_token: '!' }, null, 2));
  }
  return directory;
}

/** The layout of a diffusers folder, whose weights are not read. */
export async function layoutOf(directory: string): Promise<SingleFileLayout> {
  const json = (...path: string[]): Promise<JsonObject> => readJson(join(directory, ...path));
  return {
    configs: {
      unet: await json('unet', 'config.json'),
      vae: await json('vae', 'config.json'),
      text_encoder: await json('text_encoder', 'config.json'),
    },
    modelIndex: await json('model_index.json'),
    schedulerConfig: await json('scheduler', 'scheduler_config.json'),
    tokenizerDirectory: join(directory, 'tokenizer'),
  };
}
