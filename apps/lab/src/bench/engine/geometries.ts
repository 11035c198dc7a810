// Model shapes for benchmarks with random weights; the cost depends only on the geometry.
import { type ComponentConfigs, type DiffusionModel, modelOf } from '@styleforge/diffusion';
import { type JsonObject } from '@styleforge/model-files';
import {
  stableDiffusion1Configs as stableDiffusion1,
  stableDiffusionXlConfigs,
  stableDiffusionXlIndex,
} from '../../base-models/layouts.ts';
import { CallError } from '../../options.ts';

const stableDiffusionIndex = { _class_name: 'StableDiffusionPipeline' };

export interface Geometry {
  /** Config of the pipeline, which names the model's family. */
  readonly modelIndex: JsonObject;
  readonly configs: ComponentConfigs;
  /** [channels, height, width] of a sample's latents. */
  readonly latentShape: readonly [number, number, number];
  /** StyleRef and Aux samples of one step together. */
  readonly batchSize: number;
  readonly gradientCheckpointing: boolean;
  readonly momentPrecision: 'float32' | 'bfloat16';
  readonly gradientPrecision: 'float32' | 'float16';
}

const unetBasics = {
  _class_name: 'UNet2DConditionModel',
  act_fn: 'silu',
  center_input_sample: false,
  downsample_padding: 1,
  flip_sin_to_cos: true,
  freq_shift: 0,
  in_channels: 4,
  out_channels: 4,
  mid_block_scale_factor: 1,
  norm_eps: 1e-5,
};
const textBasics = {
  architectures: ['CLIPTextModel'],
  model_type: 'clip_text_model',
  attention_dropout: 0,
  hidden_act: 'quick_gelu',
  initializer_factor: 1,
  initializer_range: 0.02,
  layer_norm_eps: 1e-5,
  max_position_embeddings: 77,
  vocab_size: 49408,
  bos_token_id: 0,
  eos_token_id: 2,
  pad_token_id: 1,
};
const attentionDown = 'CrossAttnDownBlock2D';
const attentionUp = 'CrossAttnUpBlock2D';

/** Stable Diffusion's autoencoder; benchmarks of the U-Net only need it for its factor of eight. */
const vaeConfig = {
  _class_name: 'AutoencoderKL',
  act_fn: 'silu',
  block_out_channels: [128, 256, 512, 512],
  down_block_types: new Array<string>(4).fill('DownEncoderBlock2D'),
  up_block_types: new Array<string>(4).fill('UpDecoderBlock2D'),
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
  layers_per_block: 2,
  norm_num_groups: 32,
  sample_size: 512,
  scaling_factor: 0.18215,
};

const geometries: Readonly<Record<string, Geometry>> = {
  /** Stable Diffusion 1.5 at 512x512: 859.5 M and 123.1 M parameters. */
  sd15: {
    modelIndex: stableDiffusionIndex,
    configs: { unet: stableDiffusion1.unet, text_encoder: stableDiffusion1.text_encoder, vae: vaeConfig },
    latentShape: [4, 64, 64],
    batchSize: 2,
    gradientCheckpointing: true,
    momentPrecision: 'bfloat16',
    gradientPrecision: 'float16',
  },
  /** Stable Diffusion XL at 1024x1024: U-Net 2567.5 M, text encoders 123.1 M and 694.7 M parameters. */
  sdxl: {
    modelIndex: stableDiffusionXlIndex,
    configs: stableDiffusionXlConfigs,
    latentShape: [4, 128, 128],
    batchSize: 2,
    gradientCheckpointing: true,
    momentPrecision: 'float32',
    gradientPrecision: 'float32',
  },
  /** The small geometry: U-Net 16 M, text encoder 7 M parameters, latents of 16x16. */
  small: {
    modelIndex: stableDiffusionIndex,
    configs: {
      unet: {
        ...unetBasics,
        attention_head_dim: 8,
        block_out_channels: [64, 128, 192],
        cross_attention_dim: 128,
        layers_per_block: 2,
        norm_num_groups: 32,
        sample_size: 16,
        down_block_types: [attentionDown, attentionDown, 'DownBlock2D'],
        up_block_types: ['UpBlock2D', attentionUp, attentionUp],
      },
      text_encoder: {
        ...textBasics,
        hidden_size: 128,
        intermediate_size: 512,
        num_attention_heads: 4,
        num_hidden_layers: 3,
        projection_dim: 128,
      },
      vae: vaeConfig,
    },
    latentShape: [4, 16, 16],
    batchSize: 2,
    gradientCheckpointing: false,
    momentPrecision: 'float32',
    gradientPrecision: 'float32',
  },
  /** All kinds of blocks at the smallest size: the geometry of test/golden/tiny-sd. */
  tiny: {
    modelIndex: stableDiffusionIndex,
    configs: {
      unet: {
        ...unetBasics,
        attention_head_dim: 4,
        block_out_channels: [16, 32, 32, 32],
        cross_attention_dim: 32,
        layers_per_block: 1,
        norm_num_groups: 8,
        sample_size: 8,
        down_block_types: [attentionDown, attentionDown, attentionDown, 'DownBlock2D'],
        up_block_types: ['UpBlock2D', attentionUp, attentionUp, attentionUp],
      },
      text_encoder: {
        ...textBasics,
        hidden_size: 32,
        intermediate_size: 64,
        num_attention_heads: 4,
        num_hidden_layers: 2,
        projection_dim: 32,
        vocab_size: 1000,
        bos_token_id: 998,
        eos_token_id: 999,
        pad_token_id: 999,
      },
      vae: {
        ...vaeConfig,
        block_out_channels: [16, 32],
        down_block_types: new Array<string>(2).fill('DownEncoderBlock2D'),
        up_block_types: new Array<string>(2).fill('UpDecoderBlock2D'),
        layers_per_block: 1,
        norm_num_groups: 8,
        sample_size: 16,
      },
    },
    latentShape: [4, 8, 8],
    batchSize: 2,
    gradientCheckpointing: false,
    momentPrecision: 'float32',
    gradientPrecision: 'float32',
  },
};

export const schedulerConfig = {
  _class_name: 'DDPMScheduler',
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  num_train_timesteps: 1000,
  prediction_type: 'epsilon',
};

/** Names of the geometries. */
export const GEOMETRIES: readonly string[] = Object.keys(geometries);

export const modelOfGeometry = ({ modelIndex, configs }: Geometry): DiffusionModel => modelOf(modelIndex, configs);

/** Throws a CallError if there is none of this name. */
export function geometryOf(name: string): Geometry {
  const geometry = geometries[name];
  if (!geometry) throw new CallError(`--geometry ${name}: choose one of ${GEOMETRIES.join(', ')}`);
  return geometry;
}

/** The geometry with another image size in pixels; its own size if none is given. */
export function atResolution(geometry: Geometry, pixels: number | undefined): Geometry {
  if (pixels === undefined) return geometry;
  const factor = modelOfGeometry(geometry).vae.downsamplingFactor;
  const unit = factor * 2 ** ((geometry.configs.unet!.block_out_channels as readonly number[]).length - 1);
  if (pixels % unit !== 0) throw new CallError(`--resolution ${pixels}: give a multiple of ${unit}`);
  return { ...geometry, latentShape: [geometry.latentShape[0], pixels / factor, pixels / factor] };
}
