// The shape of mini-clip, as the config files of a CLIP folder in transformers' layout.
import { IMAGE_SIZE } from '../pretrain/geometry.ts';

const WIDTH = 96;
/** Number of positions; captions are short. */
export const TEXT_TOKENS = 20;

const tower = {
  attention_dropout: 0.0,
  hidden_act: 'quick_gelu',
  hidden_size: WIDTH,
  intermediate_size: 4 * WIDTH,
  layer_norm_eps: 1e-5,
  num_attention_heads: 4,
};

export const clipConfig = {
  architectures: ['CLIPModel'],
  logit_scale_init_value: 2.6592,
  model_type: 'clip',
  projection_dim: 96,
  text_config: {
    ...tower,
    bos_token_id: 49406,
    eos_token_id: 49407,
    max_position_embeddings: TEXT_TOKENS,
    model_type: 'clip_text_model',
    num_hidden_layers: 2,
    pad_token_id: 49407,
    projection_dim: 96,
    vocab_size: 49408,
  },
  vision_config: {
    ...tower,
    image_size: IMAGE_SIZE,
    model_type: 'clip_vision_model',
    num_channels: 3,
    num_hidden_layers: 4,
    patch_size: 16,
    projection_dim: 96,
  },
};

export const MEAN = [0.48145466, 0.4578275, 0.40821073];
export const DEVIATION = [0.26862954, 0.26130258, 0.27577711];

export const preprocessorConfig = {
  crop_size: { height: IMAGE_SIZE, width: IMAGE_SIZE },
  do_center_crop: true,
  do_convert_rgb: true,
  do_normalize: true,
  do_rescale: true,
  do_resize: true,
  feature_extractor_type: 'CLIPFeatureExtractor',
  image_mean: MEAN,
  image_std: DEVIATION,
  resample: 3,
  rescale_factor: 1 / 255,
  size: { shortest_edge: IMAGE_SIZE },
};
