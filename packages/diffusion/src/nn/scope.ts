// A place in a model's tree of weights: what is declared here carries the place's dotted name.
import { type Graph, type Shape, type Tensor } from '@styleforge/autodiff';

/** Changes by an adaptation to the models of a graph. Names are complete, including the model's prefix. */
export interface ModelAdapter {
  /** The weight of this name; undefined leaves it as the model's own. */
  weight?(graph: Graph, name: string, shape: Shape): Tensor | undefined;
  /** The output of a linear layer or a convolution of this name, changed or as it is. */
  layer?(graph: Graph, layer: AdaptedLayer): Tensor;
}

export interface AdaptedLayer {
  /** Name without the `.weight` of its weight. */
  readonly name: string;
  readonly input: Tensor;
  readonly output: Tensor;
  /** Attributes of a convolution. */
  readonly convolution?: {
    readonly kernel: number;
    readonly strides: readonly [number, number];
    readonly pads: readonly [number, number, number, number];
  };
}

const adapters = new WeakMap<Graph, ModelAdapter>();

/** Every model that is built into `graph` from now on goes through `adapter`. */
export function adaptModels(graph: Graph, adapter: ModelAdapter): void {
  adapters.set(graph, adapter);
}

export class Scope {
  readonly graph: Graph;
  /** Empty, or ends with a dot. */
  readonly prefix: string;

  constructor(graph: Graph, prefix = '') {
    this.graph = graph;
    this.prefix = prefix;
  }

  /** `scope.child('down_blocks', 0)` is where `down_blocks.0.` begins. */
  child(...names: readonly (string | number)[]): Scope {
    return new Scope(this.graph, `${this.prefix}${names.join('.')}.`);
  }

  parameter(name: string, shape: Shape): Tensor {
    const whole = this.prefix + name;
    return adapters.get(this.graph)?.weight?.(this.graph, whole, shape) ?? this.graph.parameter(whole, shape);
  }

  /** Output of the layer at this place, after the adaptation's change. */
  adapted(layer: Omit<AdaptedLayer, 'name'>): Tensor {
    return adapters.get(this.graph)?.layer?.(this.graph, { ...layer, name: this.prefix.slice(0, -1) }) ?? layer.output;
  }
}
