// The variational autoencoder between pixels and latents.
import { type Graph, type Tensor } from '@styleforge/autodiff';
import { type AutoencoderKLConfig } from '@styleforge/model-files';
import { spatialAttention } from '../nn/attention.ts';
import { activate, conv2d, groupNorm } from '../nn/layers.ts';
import { downsample2D, resnetBlock2D, upsample2D } from '../nn/resnet.ts';
import { Scope } from '../nn/scope.ts';

const epsilon = 1e-6;
const logvarRange = [-30, 20] as const;

/** Mean and log variance of the posterior over latents, each [n, latent_channels, h / factor, w / factor]. */
export interface Posterior {
  readonly mean: Tensor;
  readonly logvar: Tensor;
}

export class AutoencoderKL {
  readonly config: AutoencoderKLConfig;

  constructor(config: AutoencoderKLConfig) {
    this.config = config;
  }

  /** Pixels per latent, along each side. */
  get downsamplingFactor(): number {
    return 2 ** (this.config.block_out_channels.length - 1);
  }

  /** pixelValues [n, in_channels, h, w] in -1..1 */
  encode(graph: Graph, pixelValues: Tensor, prefix = ''): Posterior {
    const { config } = this;
    const root = new Scope(graph, prefix);
    const scope = root.child('encoder');
    const latents = config.latent_channels;
    let hidden = conv2d(scope.child('conv_in'), pixelValues, config.block_out_channels[0], { kernel: 3, padding: 1 });
    config.block_out_channels.forEach((channels, block) => {
      const here = scope.child('down_blocks', block);
      for (let i = 0; i < config.layers_per_block; i++) hidden = this.#resnet(here.child('resnets', i), hidden, channels);
      if (block < config.block_out_channels.length - 1) hidden = downsample2D(here.child('downsamplers', 0), hidden, 0);
    });
    hidden = this.#finish(scope, this.#mid(scope.child('mid_block'), hidden), 2 * latents);
    if (config.use_quant_conv) hidden = conv2d(root.child('quant_conv'), hidden, 2 * latents, { kernel: 1 });
    const logvar = graph.slice(hidden, 1, latents, 2 * latents);
    return { mean: graph.slice(hidden, 1, 0, latents), logvar: this.#clamp(graph, logvar) };
  }

  /** latents [n, latent_channels, h, w], already divided by scaling_factor -> pixels, about -1..1 */
  decode(graph: Graph, latents: Tensor, prefix = ''): Tensor {
    const { config } = this;
    const root = new Scope(graph, prefix);
    const scope = root.child('decoder');
    const channelsUpwards = [...config.block_out_channels].reverse();
    const start = config.use_post_quant_conv
      ? conv2d(root.child('post_quant_conv'), latents, config.latent_channels, { kernel: 1 })
      : latents;
    let hidden = conv2d(scope.child('conv_in'), start, channelsUpwards[0], { kernel: 3, padding: 1 });
    hidden = this.#mid(scope.child('mid_block'), hidden);
    channelsUpwards.forEach((channels, block) => {
      const here = scope.child('up_blocks', block);
      for (let i = 0; i <= config.layers_per_block; i++) hidden = this.#resnet(here.child('resnets', i), hidden, channels);
      if (block < channelsUpwards.length - 1) hidden = upsample2D(here.child('upsamplers', 0), hidden);
    });
    return this.#finish(scope, hidden, config.out_channels);
  }

  #resnet(scope: Scope, x: Tensor, channels: number): Tensor {
    const { norm_num_groups: groups, act_fn: activation } = this.config;
    return resnetBlock2D(scope, x, channels, undefined, { groups, epsilon, activation });
  }

  #mid(scope: Scope, x: Tensor): Tensor {
    const { config } = this;
    const channels = config.block_out_channels.at(-1)!;
    let hidden = this.#resnet(scope.child('resnets', 0), x, channels);
    if (config.mid_block_add_attention) hidden = spatialAttention(scope.child('attentions', 0), hidden, config.norm_num_groups, epsilon);
    return this.#resnet(scope.child('resnets', 1), hidden, channels);
  }

  /** Uses SiLU as the last activation, as upstream does for any act_fn. */
  #finish(scope: Scope, x: Tensor, outChannels: number): Tensor {
    const normalized = groupNorm(scope.child('conv_norm_out'), x, this.config.norm_num_groups, epsilon);
    return conv2d(scope.child('conv_out'), activate(scope, normalized, 'silu'), outChannels, { kernel: 3, padding: 1 });
  }

  /** Clamps values. Inside the range the result is exact, because only zero is added. */
  #clamp(graph: Graph, x: Tensor): Tensor {
    const [low, high] = logvarRange;
    return graph.sub(graph.add(x, graph.relu(graph.sub(low, x))), graph.relu(graph.sub(x, high)));
  }
}
