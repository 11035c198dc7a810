// CLIP's text encoder.
import { ShapeError, type Graph, type Tensor } from '@styleforge/autodiff';
import { causalMask } from '../nn/attention.ts';
import { layerNorm, linear } from '../nn/layers.ts';
import { Scope } from '../nn/scope.ts';
import { type CLIPTextConfig } from '@styleforge/model-files';
import { clipEncoder } from './clip-encoder.ts';

export class CLIPTextModel {
  readonly config: CLIPTextConfig;

  constructor(config: CLIPTextConfig) {
    this.config = config;
  }

  /** inputIds int32 [n, length] -> lastHiddenState [n, length, hidden_size], after the final layer norm. */
  forward(graph: Graph, inputIds: Tensor, prefix = ''): Tensor {
    const { last } = this.#encode(graph, inputIds, prefix, this.config.num_hidden_layers);
    return this.#finalNorm(graph, last, prefix);
  }

  /** The state before the last layer, without the final norm. Nothing after it is built. */
  beforeLast(graph: Graph, inputIds: Tensor, prefix = ''): Tensor {
    return this.#encode(graph, inputIds, prefix, this.config.num_hidden_layers - 1, false).beforeLast;
  }

  /** The state before the last layer, without the final norm, and the state after it: SDXL conditions on both. */
  hiddenStates(graph: Graph, inputIds: Tensor, prefix = ''): { beforeLast: Tensor; last: Tensor } {
    return this.#encode(graph, inputIds, prefix, this.config.num_hidden_layers - 1);
  }

  /**
   * One vector for each text [n, projection_dim], at the position of its end token. `endOfText` [n] contains positions among all ids of the
   * batch.
   */
  pooled(graph: Graph, last: Tensor, endOfText: Tensor, projection: number, prefix = ''): Tensor {
    const [batch, length, size] = last.shape;
    const normalized = graph.reshape(this.#finalNorm(graph, last, prefix), [batch * length, size]);
    return linear(new Scope(graph, prefix).child('text_projection'), graph.gather(normalized, endOfText), projection, { bias: false });
  }

  #finalNorm(graph: Graph, last: Tensor, prefix: string): Tensor {
    return layerNorm(new Scope(graph, prefix).child('final_layer_norm'), last, this.config.layer_norm_eps);
  }

  /** `split`: number of layers before the first of the two states. Without `toEnd`, no layer follows it. */
  #encode(graph: Graph, inputIds: Tensor, prefix: string, split: number, toEnd = true): { beforeLast: Tensor; last: Tensor } {
    const { config } = this;
    const [, length] = inputIds.shape;
    if (inputIds.shape.length !== 2 || length > config.max_position_embeddings) {
      throw new ShapeError(`CLIP text: inputIds [${inputIds.shape}] must be [n, up to ${config.max_position_embeddings}]`);
    }
    const scope = new Scope(graph, prefix);
    const embeddings = scope.child('embeddings');
    const tokens = embeddings.parameter('token_embedding.weight', [config.vocab_size, config.hidden_size]);
    const positions = embeddings.parameter('position_embedding.weight', [config.max_position_embeddings, config.hidden_size]);
    const used = length === config.max_position_embeddings ? positions : graph.slice(positions, 0, 0, length);
    const embedded = graph.add(graph.gather(tokens, inputIds), used);
    const [encoder, mask] = [scope.child('encoder'), causalMask(graph, length)];
    const beforeLast = clipEncoder(encoder, embedded, config, mask, { to: split });
    return { beforeLast, last: !toEnd ? beforeLast : clipEncoder(encoder, beforeLast, config, mask, { from: split }) };
  }
}

/**
 * Positions of the end-of-text tokens, where each text's features are read, among all ids: n rows of `length` each.
 * `endId` is the tokenizer's; default: the config's. Configs from before transformers 4.31 have eos_token_id 2 whatever the vocabulary;
 * then the largest id marks the end.
 */
export function endOfTextIndices(inputIds: ArrayLike<number>, length: number, config: CLIPTextConfig, endId?: number): Int32Array {
  const ids = Int32Array.from(inputIds);
  return Int32Array.from({ length: ids.length / length }, (_, row) => {
    const text = ids.subarray(row * length, (row + 1) * length);
    const end = endId ?? (config.eos_token_id === 2 ? Math.max(...text) : config.eos_token_id);
    return row * length + Math.max(0, text.indexOf(end));
  });
}
