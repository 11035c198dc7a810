// The denoising U-Net of latent diffusion, conditioned on time and text.
import { ShapeError, type Graph, type Tensor } from '@styleforge/autodiff';
import { activate, conv2d, groupNorm } from '../nn/layers.ts';
import { downsample2D, resnetBlock2D, upsample2D } from '../nn/resnet.ts';
import { Scope } from '../nn/scope.ts';
import { timeEmbeddingNetwork } from '../nn/timestep-embedding.ts';
import { transformer2DModel } from '../nn/transformer-2d.ts';
import { type TransformerLayers, type UNet2DConditionConfig } from '@styleforge/model-files';

export interface UNet2DConditionInputs {
  /** Noisy latents [n, in_channels, h, w]. */
  readonly sample: Tensor;
  /** Sinusoids [n, block_out_channels[0]] from `timestepEmbedding`. */
  readonly timestepEmbedding: Tensor;
  /** [n, tokens, cross_attention_dim] */
  readonly encoderHiddenStates: Tensor;
  /** Additional conditions [n, addition_embed.inputs]; required with `addition_embed` in the config, and not allowed without it. */
  readonly addedConditions?: Tensor;
}

/** Values that all blocks of one forward pass share. */
interface Conditions {
  /** The time embedding, after the activation of the resnets. */
  readonly time: Tensor;
  readonly text: Tensor;
}

/** One resolution of the U-Net, numbered from the outside. */
interface Level {
  readonly channels: number;
  readonly heads: number;
  readonly onlyCrossAttention: boolean;
}

const layersAfter = (layers: TransformerLayers, resnet: number): number => (typeof layers === 'number' ? layers : layers[resnet]);

export class UNet2DConditionModel {
  readonly config: UNet2DConditionConfig;

  constructor(config: UNet2DConditionConfig) {
    this.config = config;
  }

  /** Adds the model to `graph`. Its weights have upstream's names after `prefix`. Returns the prediction [n, out_channels, h, w]. */
  forward(graph: Graph, inputs: UNet2DConditionInputs, prefix = ''): Tensor {
    const { config } = this;
    this.#check(inputs);
    const scope = new Scope(graph, prefix);
    const conditions = { time: this.#time(scope, inputs), text: inputs.encoderHiddenStates };

    // 1. convolution into features
    const centered = config.center_input_sample ? graph.sub(graph.mul(inputs.sample, 2), 1) : inputs.sample;
    const { conv_in_kernel: kernelIn, conv_out_kernel: kernelOut } = config;
    let hidden = conv2d(scope.child('conv_in'), centered, config.block_out_channels[0], { kernel: kernelIn, padding: (kernelIn - 1) >> 1 });

    // 2. down path; its outputs are kept for the up path
    const skips = [hidden];
    config.down_block_types.forEach((_, block) => {
      hidden = this.#down(scope.child('down_blocks', block), hidden, conditions, block, skips);
    });

    // 3. middle block
    if (config.mid_block_type) hidden = this.#mid(scope.child('mid_block'), hidden, conditions);

    // 4. up path
    config.up_block_types.forEach((_, block) => {
      hidden = this.#up(scope.child('up_blocks', block), hidden, conditions, block, skips);
    });

    // 5. back to latents
    hidden = groupNorm(scope.child('conv_norm_out'), hidden, config.norm_num_groups, config.norm_eps);
    return conv2d(scope.child('conv_out'), activate(scope, hidden, config.act_fn), config.out_channels, {
      kernel: kernelOut,
      padding: (kernelOut - 1) >> 1,
    });
  }

  #check({ sample, timestepEmbedding, encoderHiddenStates, addedConditions }: UNet2DConditionInputs): void {
    const {
      in_channels: channels,
      block_out_channels: [first],
    } = this.config;
    const batch = sample.shape[0];
    if (sample.shape.length !== 4 || sample.shape[1] !== channels)
      throw new ShapeError(`U-Net: sample [${sample.shape}] must be [n, ${channels}, h, w]`);
    if (timestepEmbedding.shape[0] !== batch || timestepEmbedding.shape[1] !== first) {
      throw new ShapeError(`U-Net: timestepEmbedding [${timestepEmbedding.shape}] must be [${batch}, ${first}]`);
    }
    if (encoderHiddenStates.shape.length !== 3 || encoderHiddenStates.shape[0] !== batch) {
      throw new ShapeError(`U-Net: encoderHiddenStates [${encoderHiddenStates.shape}] must be [${batch}, tokens, features]`);
    }
    const added = this.config.addition_embed?.inputs;
    if (addedConditions?.shape[1] !== added || (added !== undefined && addedConditions?.shape[0] !== batch))
      throw new ShapeError(`U-Net: addedConditions [${addedConditions?.shape}] must be [${batch}, ${added ?? 'absent'}]`);
  }

  #time(scope: Scope, { timestepEmbedding, addedConditions }: UNet2DConditionInputs): Tensor {
    const {
      time_embedding_dim: features,
      act_fn: activation,
      timestep_post_act: postActivation,
      time_embedding_act_fn: last,
    } = this.config;
    const ofTime = timeEmbeddingNetwork(scope.child('time_embedding'), timestepEmbedding, { features, activation, postActivation });
    const ofAdded =
      addedConditions &&
      timeEmbeddingNetwork(scope.child('add_embedding'), addedConditions, { features, activation: 'silu', postActivation: null });
    const embedding = ofAdded ? scope.graph.add(ofTime, ofAdded) : ofTime;
    return activate(scope, last ? activate(scope, embedding, last) : embedding, activation);
  }

  #level(index: number): Level {
    const { config } = this;
    return {
      channels: config.block_out_channels[index],
      heads: config.num_attention_heads[index],
      onlyCrossAttention: config.only_cross_attention[index],
    };
  }

  #resnet(scope: Scope, x: Tensor, channels: number, { time }: Conditions, outputScaleFactor = 1): Tensor {
    const { norm_num_groups: groups, norm_eps: epsilon, act_fn: activation, resnet_time_scale_shift: timeScaleShift } = this.config;
    return resnetBlock2D(scope, x, channels, time, { groups, epsilon, activation, timeScaleShift, outputScaleFactor });
  }

  #transformer(scope: Scope, x: Tensor, { text }: Conditions, level: Level, layers: number): Tensor {
    const { norm_num_groups: groups, use_linear_projection: useLinearProjection } = this.config;
    const { heads, onlyCrossAttention } = level;
    return transformer2DModel(scope, x, text, { heads, layers, groups, useLinearProjection, onlyCrossAttention });
  }

  #down(scope: Scope, x: Tensor, conditions: Conditions, block: number, skips: Tensor[]): Tensor {
    const { config } = this;
    const level = this.#level(block);
    let hidden = x;
    for (let i = 0; i < config.layers_per_block[block]; i++) {
      hidden = this.#resnet(scope.child('resnets', i), hidden, level.channels, conditions);
      if (config.down_block_types[block] === 'CrossAttnDownBlock2D') {
        const layers = layersAfter(config.transformer_layers_per_block[block], i);
        hidden = this.#transformer(scope.child('attentions', i), hidden, conditions, level, layers);
      }
      skips.push(hidden);
    }
    if (block < config.down_block_types.length - 1) {
      hidden = downsample2D(scope.child('downsamplers', 0), hidden, config.downsample_padding);
      skips.push(hidden);
    }
    return hidden;
  }

  #mid(scope: Scope, x: Tensor, conditions: Conditions): Tensor {
    const { config } = this;
    const level = { ...this.#level(config.down_block_types.length - 1), onlyCrossAttention: false };
    const scale = config.mid_block_scale_factor;
    const hidden = this.#resnet(scope.child('resnets', 0), x, level.channels, conditions, scale);
    if (config.mid_block_type === 'UNetMidBlock2D') return hidden;
    const layers = layersAfter(config.transformer_layers_per_block.at(-1)!, 0);
    const attended = this.#transformer(scope.child('attentions', 0), hidden, conditions, level, layers);
    return this.#resnet(scope.child('resnets', 1), attended, level.channels, conditions, scale);
  }

  #up(scope: Scope, x: Tensor, conditions: Conditions, block: number, skips: Tensor[]): Tensor {
    const { config } = this;
    const index = config.up_block_types.length - 1 - block;
    const level = this.#level(index);
    let hidden = x;
    for (let i = 0; i <= config.layers_per_block[index]; i++) {
      const joined = scope.graph.concat([hidden, skips.pop()!], 1);
      hidden = this.#resnet(scope.child('resnets', i), joined, level.channels, conditions);
      if (config.up_block_types[block] === 'CrossAttnUpBlock2D') {
        const layers = layersAfter(config.reverse_transformer_layers_per_block[block], i);
        hidden = this.#transformer(scope.child('attentions', i), hidden, conditions, level, layers);
      }
    }
    if (index === 0) return hidden;
    const [, , height, width] = skips.at(-1)!.shape;
    return upsample2D(scope.child('upsamplers', 0), hidden, [height, width]);
  }
}
