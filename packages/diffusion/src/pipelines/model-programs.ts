// Compiled programs of one model, one for each shape, over weights that are loaded once.
import { type Graph, type Shape, type Tensor } from '@styleforge/autodiff';
import { graphFor, Program, type CompileOptions } from '@styleforge/runtime';
import { adaptModels, type ModelAdapter } from '../nn/scope.ts';

export interface WeightSource {
  /** Returns the requested weights by upstream name. The arrays are not copied: changes to them affect later runs. */
  (wanted: ReadonlyMap<string, Shape>): Promise<ReadonlyMap<string, Float32Array>>;
  /** The adaptation of the model, if its weights need one. */
  readonly adapter?: ModelAdapter | undefined;
}

export class ModelPrograms {
  readonly #source: WeightSource;
  readonly #options: CompileOptions;
  readonly #most: number;
  readonly #weights = new Map<string, Float32Array>();
  /** Programs, the least recently used first. */
  readonly #programs = new Map<string, Promise<Program>>();

  constructor(source: WeightSource, options: CompileOptions, most = 4) {
    this.#source = source;
    this.#options = options;
    this.#most = most;
  }

  /** The program for `key`, built and compiled at its first use. A program that others have displaced is compiled again. */
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

  /** Loads the weights again into devices with memory of their own, after they have changed in place. */
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
