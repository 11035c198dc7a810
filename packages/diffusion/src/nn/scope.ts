// A position in a model's tree of weights. Weights that are declared there get its dotted name as prefix.
import { type Graph, type Shape, type Tensor } from '@styleforge/autodiff';

/** Changes by an adaptation to the models of a graph. Names are complete, including the model's prefix. */
export interface ModelAdapter {
  /** Returns the weight of this name; undefined for the model's own. */
  weight?(graph: Graph, name: string, shape: Shape): Tensor | undefined;
  /** Returns the output of a linear layer or a convolution, changed or unchanged. */
  layer?(graph: Graph, layer: AdaptedLayer): Tensor;
}

export interface AdaptedLayer {
  /** Name of the layer: that of its weight without `.weight`. */
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

/** Applies `adapter` to every model that is built into `graph` afterwards. */
export function adaptModels(graph: Graph, adapter: ModelAdapter): void {
  adapters.set(graph, adapter);
}

export class Scope {
  readonly graph: Graph;
  /** Empty text, or a name that ends with a dot. */
  readonly prefix: string;

  constructor(graph: Graph, prefix = '') {
    this.graph = graph;
    this.prefix = prefix;
  }

  /** Scope of a child: `scope.child('down_blocks', 0)` has the prefix `down_blocks.0.`. */
  child(...names: readonly (string | number)[]): Scope {
    return new Scope(this.graph, `${this.prefix}${names.join('.')}.`);
  }

  parameter(name: string, shape: Shape): Tensor {
    const whole = this.prefix + name;
    return adapters.get(this.graph)?.weight?.(this.graph, whole, shape) ?? this.graph.parameter(whole, shape);
  }

  /** Output of the layer in this scope, after the adapter's change. */
  adapted(layer: Omit<AdaptedLayer, 'name'>): Tensor {
    return adapters.get(this.graph)?.layer?.(this.graph, { ...layer, name: this.prefix.slice(0, -1) }) ?? layer.output;
  }
}
