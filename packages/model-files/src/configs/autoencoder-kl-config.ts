// The autoencoder's config in diffusers' format, checked.
import { type Activation } from './activations.ts';
import { ConfigReader, MOST_LAYERS } from './config-reader.ts';

export interface AutoencoderKLConfig {
  readonly in_channels: number;
  readonly out_channels: number;
  readonly block_out_channels: readonly number[];
  readonly layers_per_block: number;
  readonly act_fn: Activation;
  readonly latent_channels: number;
  readonly norm_num_groups: number;
  readonly scaling_factor: number;
  readonly use_quant_conv: boolean;
  readonly use_post_quant_conv: boolean;
  readonly mid_block_add_attention: boolean;
}

export function parseAutoencoderKLConfig(json: unknown): AutoencoderKLConfig {
  const reader = new ConfigReader('AutoencoderKL', json);
  reader.oneOf('_class_name', ['AutoencoderKL', 'FlaxAutoencoderKL'], 'AutoencoderKL');
  reader.unsupported('shift_factor', [0]);
  for (const key of ['latents_mean', 'latents_std']) reader.unsupported(key);
  const channels = reader.integers('block_out_channels', [64]);
  const down = reader.list('down_block_types', ['DownEncoderBlock2D'], ['DownEncoderBlock2D']);
  const up = reader.list('up_block_types', ['UpDecoderBlock2D'], ['UpDecoderBlock2D']);
  if (down.length !== channels.length) reader.fail('down_block_types', `expected as many as block_out_channels: ${channels.length}`);
  if (up.length !== channels.length) reader.fail('up_block_types', `expected as many as block_out_channels: ${channels.length}`);
  const activation = reader.oneOf('act_fn', ['silu', 'swish', 'gelu', 'relu'], 'silu');
  return {
    in_channels: reader.integer('in_channels', 3),
    out_channels: reader.integer('out_channels', 3),
    block_out_channels: channels,
    layers_per_block: reader.integer('layers_per_block', 1, 1, MOST_LAYERS),
    act_fn: activation === 'swish' ? 'silu' : activation,
    latent_channels: reader.integer('latent_channels', 4),
    norm_num_groups: reader.integer('norm_num_groups', 32),
    scaling_factor: reader.number('scaling_factor', 0.18215),
    use_quant_conv: reader.boolean('use_quant_conv', true),
    use_post_quant_conv: reader.boolean('use_post_quant_conv', true),
    mid_block_add_attention: reader.boolean('mid_block_add_attention', true),
  };
}
