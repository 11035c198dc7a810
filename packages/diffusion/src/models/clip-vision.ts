// CLIP's vision transformer.
import { sameShape, ShapeError, type Graph, type Tensor } from '@styleforge/autodiff';
import { toSequence } from '../nn/attention.ts';
import { conv2d, layerNorm } from '../nn/layers.ts';
import { Scope } from '../nn/scope.ts';
import { type CLIPVisionConfig } from '@styleforge/model-files';
import { clipEncoder } from './clip-encoder.ts';

export class CLIPVisionModel {
  readonly config: CLIPVisionConfig;

  constructor(config: CLIPVisionConfig) {
    this.config = config;
  }

  /** pixelValues [n, num_channels, image_size, image_size], normalized -> pooled features [n, hidden_size] of the class token. */
  forward(graph: Graph, pixelValues: Tensor, prefix = ''): Tensor {
    const { config } = this;
    const expected = [config.num_channels, config.image_size, config.image_size];
    if (!sameShape(pixelValues.shape.slice(1), expected))
      throw new ShapeError(`CLIP vision: pixelValues [${pixelValues.shape}] must be [n, ${expected}]`);
    const scope = new Scope(graph, prefix);
    const batch = pixelValues.shape[0];
    const size = config.hidden_size;

    const embeddings = scope.child('embeddings');
    const patchGrid = conv2d(embeddings.child('patch_embedding'), pixelValues, size, {
      kernel: config.patch_size,
      stride: config.patch_size,
      bias: false,
    });
    const patches = toSequence(graph, patchGrid);
    const classToken = graph.broadcastTo(graph.reshape(embeddings.parameter('class_embedding', [size]), [1, 1, size]), [batch, 1, size]);
    const positions = embeddings.parameter('position_embedding.weight', [patches.shape[1] + 1, size]);
    const embedded = graph.add(graph.concat([classToken, patches], 1), positions);

    const normalized = layerNorm(scope.child('pre_layrnorm'), embedded, config.layer_norm_eps);
    const encoded = clipEncoder(scope.child('encoder'), normalized, config);
    const pooled = graph.reshape(graph.slice(encoded, 1, 0, 1), [batch, size]);
    return layerNorm(scope.child('post_layernorm'), pooled, config.layer_norm_eps);
  }
}
