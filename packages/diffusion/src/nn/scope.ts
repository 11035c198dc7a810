// A place in a model's tree of weights: what is declared here carries the place's dotted name.
import { type Graph, type Shape, type Tensor } from '@styleforge/autodiff';

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
    return this.graph.parameter(this.prefix + name, shape);
  }
}
