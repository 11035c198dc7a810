// The transformer encoder that CLIP's text and vision towers share.
import { type Tensor } from '@styleforge/autodiff';
import { multiHeadAttention } from '../nn/attention.ts';
import { activate, layerNorm, linear } from '../nn/layers.ts';
import { type Scope } from '../nn/scope.ts';
import { type CLIPEncoderConfig } from '@styleforge/model-files';

function selfAttention(
  scope: Scope,
  x: Tensor,
  { hidden_size: size, num_attention_heads: heads }: CLIPEncoderConfig,
  mask?: Tensor,
): Tensor {
  const [q, k, v] = ['q_proj', 'k_proj', 'v_proj'].map((name) => linear(scope.child(name), x, size));
  return linear(scope.child('out_proj'), multiHeadAttention(scope.graph, q, k, v, heads, mask), size);
}

function encoderLayer(scope: Scope, x: Tensor, config: CLIPEncoderConfig, mask?: Tensor): Tensor {
  const { graph } = scope;
  const normalized = layerNorm(scope.child('layer_norm1'), x, config.layer_norm_eps);
  const attended = graph.add(x, selfAttention(scope.child('self_attn'), normalized, config, mask));
  const hidden = linear(
    scope.child('mlp', 'fc1'),
    layerNorm(scope.child('layer_norm2'), attended, config.layer_norm_eps),
    config.intermediate_size,
  );
  return graph.add(attended, linear(scope.child('mlp', 'fc2'), activate(scope, hidden, config.hidden_act), config.hidden_size));
}

/** x [n, length, hidden_size]; `scope` is where `layers.0` begins. `from` and `to` select layers; default: all. */
export function clipEncoder(
  scope: Scope,
  x: Tensor,
  config: CLIPEncoderConfig,
  mask?: Tensor,
  { from = 0, to = config.num_hidden_layers }: { from?: number; to?: number } = {},
): Tensor {
  let hidden = x;
  for (let layer = from; layer < to; layer++) {
    const input = hidden;
    hidden = scope.graph.recomputed(() => encoderLayer(scope.child('layers', layer), input, config, mask));
  }
  return hidden;
}
