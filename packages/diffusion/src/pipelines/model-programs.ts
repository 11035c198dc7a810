// One model's compiled programs, one for each shape asked for, over weights that are loaded once.
import { type Graph, type Shape, type Tensor } from '@styleforge/autodiff';
import { graphFor, Program, type CompileOptions } from '@styleforge/runtime';
import { adaptModels, type ModelAdapter } from '../nn/scope.ts';

export interface WeightSource {
  /** Gives the weights asked for, by upstream name. The arrays are used as they are: changes to them show in later runs. */
  (wanted: ReadonlyMap<string, Shape>): Promise<ReadonlyMap<string, Float32Array>>;
  /** What the model is built through, where the weights are those of an adaptation. */
  readonly adapter?: ModelAdapter | undefined;
}

export class ModelPrograms {
  readonly #source: WeightSource;
  readonly #options: CompileOptions;
  readonly #most: number;
  readonly #weights = new Map<string, Float32Array>();
  /** Least recently used first. */
  readonly #programs = new Map<string, Promise<Program>>();

  constructor(source: WeightSource, options: CompileOptions, most = 4) {
    this.#source = source;
    this.#options = options;
    this.#most = most;
  }

  /** The program for `key`, built and compiled at its first use. One that others have displaced by its next run is compiled again for it. */
  async program(key: string, build: (graph: Graph) => Record<string, Tensor>): Promise<Pick<Program, 'run'>> {
    await this.#open(key, build);
    return { run: async (feeds) => (await this.#open(key, build)).run(feeds) };
  }

  async #open(key: string, build: (graph: Graph) => Record<string, Tensor>): Promise<Program> {
    const known = this.#programs.get(key);
    const program = known ?? this.#compile(build);
    this.#programs.delete(key);
    this.#programs.set(key, program);
    program.catch(() => this.#programs.delete(key));
    const compiled = await program;
    if (this.#programs.size > this.#most) {
      const [oldest, unused] = this.#programs.entries().next().value!;
      this.#programs.delete(oldest);
      await (await unused).release();
    }
    return compiled;
  }

  async #compile(build: (graph: Graph) => Record<string, Tensor>): Promise<Program> {
    const graph = graphFor(this.#options.device);
    if (this.#source.adapter) adaptModels(graph, this.#source.adapter);
    const outputs = build(graph);
    const wanted = new Map([...graph.parameters].flatMap(([name, { shape }]) => (this.#weights.has(name) ? [] : [[name, shape]])));
    if (wanted.size > 0) for (const [name, array] of await this.#source(wanted)) this.#weights.set(name, array);
    return (await Program.compile(graph, outputs, this.#options)).bind(this.#weights);
  }

  /** The weights have changed in place: devices with memory of their own take them again. */
  async refresh(): Promise<void> {
    for (const program of this.#programs.values()) (await program).refresh();
  }

  async release(): Promise<void> {
    const programs = [...this.#programs.values()];
    this.#programs.clear();
    this.#weights.clear();
    await Promise.all(programs.map(async (program) => (await program).release()));
  }
}
