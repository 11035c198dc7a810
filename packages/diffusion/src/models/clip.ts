// CLIP: image and text encoder projected into one space, where a small distance means that image and text match.
import { type Graph, type Tensor } from '@styleforge/autodiff';
import { linear } from '../nn/layers.ts';
import { Scope } from '../nn/scope.ts';
import { type CLIPConfig } from '@styleforge/model-files';
import { CLIPTextModel } from './clip-text.ts';
import { CLIPVisionModel } from './clip-vision.ts';

export interface CLIPTextInputs {
  /** int32 [n, length] */
  readonly inputIds: Tensor;
  /** int32 [n], from `endOfTextIndices` */
  readonly endOfText: Tensor;
}

export class CLIPModel {
  readonly config: CLIPConfig;

  constructor(config: CLIPConfig) {
    this.config = config;
  }

  /** -> unit vectors [n, projection_dim] */
  textEmbeddings(graph: Graph, { inputIds, endOfText }: CLIPTextInputs, prefix = ''): Tensor {
    const scope = new Scope(graph, prefix);
    const hidden = new CLIPTextModel(this.config.text_config).forward(graph, inputIds, scope.child('text_model').prefix);
    const [batch, length, size] = hidden.shape;
    const pooled = graph.gather(graph.reshape(hidden, [batch * length, size]), endOfText);
    return this.#project(scope.child('text_projection'), pooled);
  }

  /** pixelValues [n, channels, image_size, image_size], normalized -> unit vectors [n, projection_dim] */
  imageEmbeddings(graph: Graph, pixelValues: Tensor, prefix = ''): Tensor {
    const scope = new Scope(graph, prefix);
    const pooled = new CLIPVisionModel(this.config.vision_config).forward(graph, pixelValues, scope.child('vision_model').prefix);
    return this.#project(scope.child('visual_projection'), pooled);
  }

  /** logits[i, j] = exp(logit_scale) * image i . text j */
  logitsPerImage(graph: Graph, imageEmbeddings: Tensor, textEmbeddings: Tensor, prefix = ''): Tensor {
    const scale = graph.exp(new Scope(graph, prefix).parameter('logit_scale', []));
    return graph.mul(graph.matmul(imageEmbeddings, textEmbeddings, { transposeB: true }), scale);
  }

  #project(scope: Scope, pooled: Tensor): Tensor {
    const { graph } = scope;
    const projected = linear(scope, pooled, this.config.projection_dim, { bias: false });
    return graph.div(projected, graph.sqrt(graph.reduceSum(graph.square(projected), [-1], true)));
  }
}
