// The shape of the shipped base model, as the config files of a diffusers checkpoint.

export const IMAGE_SIZE = 64;
export const LATENT_SIZE = 16;
/** Twice Stable Diffusion's: at this size four channels lose too much of the image. */
export const LATENT_CHANNELS = 8;
const TEXT_WIDTH = 80;
/** Captions are short: with CLIP's 77 positions most of what the U-Net attends to would be padding. */
const TEXT_TOKENS = 24;
const DIFFUSERS_VERSION = '0.35.0';

export const vaeConfig = {
  _class_name: 'AutoencoderKL',
  _diffusers_version: DIFFUSERS_VERSION,
  act_fn: 'silu',
  block_out_channels: [16, 32, 64],
  down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D'],
  up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D'],
  in_channels: 3,
  out_channels: 3,
  latent_channels: LATENT_CHANNELS,
  layers_per_block: 1,
  norm_num_groups: 8,
  sample_size: IMAGE_SIZE,
  scaling_factor: 1,
  force_upcast: false,
};

export const unetConfig = {
  _class_name: 'UNet2DConditionModel',
  _diffusers_version: DIFFUSERS_VERSION,
  act_fn: 'silu',
  attention_head_dim: [2, 3, 6],
  block_out_channels: [48, 96, 192],
  center_input_sample: false,
  cross_attention_dim: TEXT_WIDTH,
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  downsample_padding: 1,
  flip_sin_to_cos: true,
  freq_shift: 0,
  in_channels: LATENT_CHANNELS,
  layers_per_block: 1,
  mid_block_scale_factor: 1,
  norm_eps: 1e-5,
  norm_num_groups: 16,
  out_channels: LATENT_CHANNELS,
  sample_size: LATENT_SIZE,
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
};

export const textEncoderConfig = {
  architectures: ['CLIPTextModel'],
  attention_dropout: 0.0,
  bos_token_id: 49406,
  eos_token_id: 49407,
  hidden_act: 'quick_gelu',
  hidden_size: TEXT_WIDTH,
  initializer_factor: 1.0,
  initializer_range: 0.02,
  intermediate_size: 4 * TEXT_WIDTH,
  layer_norm_eps: 1e-5,
  max_position_embeddings: TEXT_TOKENS,
  model_type: 'clip_text_model',
  num_attention_heads: 4,
  num_hidden_layers: 2,
  pad_token_id: 49407,
  projection_dim: TEXT_WIDTH,
  vocab_size: 49408,
};

/**
 * The prediction type. With velocity as the target, every noise level has the same weight; an epsilon loss hardly measures the levels at
 * which the prompt matters (docs/experiments/base-model.md).
 */
export const schedulerConfig = {
  _class_name: 'PNDMScheduler',
  _diffusers_version: DIFFUSERS_VERSION,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  num_train_timesteps: 1000,
  prediction_type: 'v_prediction',
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  timestep_spacing: 'leading',
  trained_betas: null,
};

export const modelIndex = {
  _class_name: 'StableDiffusionPipeline',
  _diffusers_version: DIFFUSERS_VERSION,
  feature_extractor: [null, null],
  image_encoder: [null, null],
  requires_safety_checker: false,
  safety_checker: [null, null],
  scheduler: ['diffusers', 'PNDMScheduler'],
  text_encoder: ['transformers', 'CLIPTextModel'],
  tokenizer: ['transformers', 'CLIPTokenizer'],
  unet: ['diffusers', 'UNet2DConditionModel'],
  vae: ['diffusers', 'AutoencoderKL'],
};
