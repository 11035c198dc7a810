// CLIP's text encoder.
import { ShapeError, type Graph, type Tensor } from '@styleforge/autodiff';
import { causalMask } from '../nn/attention.ts';
import { layerNorm } from '../nn/layers.ts';
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
    const encoded = clipEncoder(scope.child('encoder'), embedded, config, causalMask(graph, length));
    return layerNorm(scope.child('final_layer_norm'), encoded, config.layer_norm_eps);
  }
}

/**
 * Where each text's features are read: the index of its end-of-text token among all ids, n rows of `length` one after the other.
 * Configs from before transformers 4.31 say eos_token_id 2 whatever the vocabulary; there the largest id marks the end.
 */
export function endOfTextIndices(inputIds: ArrayLike<number>, length: number, config: CLIPTextConfig): Int32Array {
  const ids = Int32Array.from(inputIds);
  return Int32Array.from({ length: ids.length / length }, (_, row) => {
    const text = ids.subarray(row * length, (row + 1) * length);
    const end = config.eos_token_id === 2 ? Math.max(...text) : config.eos_token_id;
    return row * length + Math.max(0, text.indexOf(end));
  });
}
