// Training in the host's arrays: the pass writes gradients in place, and AdamW runs in WebAssembly over the same memory.
import { type ParameterBuffers } from '../kernels/parameter-buffers.ts';
import { addGradients } from '../optimizers/adamw-kernel.ts';
import { moveTowards } from '../optimizers/moving-average.ts';
import { type AdamW, type AdamWStep, type GradientBuffers } from '../optimizers/adamw.ts';
import { Program } from '../programs/program.ts';
import { type HostArray } from '../programs/session.ts';
import {
  type BackendOptions,
  GRADIENT_PREFIX,
  type GraphParts,
  NoGradientsError,
  type PassOptions,
  type TrainingBackend,
} from './backend.ts';

function addAll(sums: ParameterBuffers, gradients: GradientBuffers): void {
  for (const [name, values] of gradients.entries()) addGradients(sums.get(name), values);
}

export class HostTraining implements TrainingBackend {
  /** Gradients of the last pass. */
  readonly #gradients: GradientBuffers;
  readonly #weights: ParameterBuffers;
  readonly #optimizer: AdamW;
  /** Programs by the name of their graph. The first graph's name is empty. */
  readonly #programs = new Map<string, Program>();
  readonly #options: BackendOptions<'host'>;
  /** The sum of gradients, from the second pass on. */
  #total: ParameterBuffers | null = null;
  /** Where the gradients since the last update are. */
  #sumIn: 'nowhere' | 'last pass' | 'total' = 'nowhere';

  private constructor(gradients: GradientBuffers, options: BackendOptions<'host'>) {
    this.#gradients = gradients;
    this.#weights = options.weights;
    this.#optimizer = options.optimizer;
    this.#options = options;
  }

  static async create(options: BackendOptions<'host'>): Promise<HostTraining> {
    const { gradientPrecision, weights } = options;
    const buffers: GradientBuffers = gradientPrecision === 'float16' ? weights.beside(Uint16Array) : weights.beside(Float32Array);
    const training = new HostTraining(buffers, options);
    await training.addGraph('', options);
    return training;
  }

  /** Compiles an additional graph. All programs read the same weights and write the same gradients. */
  async addGraph(name: string, { graph, outputs, gradients }: GraphParts): Promise<void> {
    const { compile, gradientPrecision, weights, frozen } = this.#options;
    const named = Object.fromEntries(Object.entries(gradients).map(([parameter, gradient]) => [GRADIENT_PREFIX + parameter, gradient]));
    const halved = gradientPrecision === 'float16' ? Object.keys(named) : [];
    const program = await Program.compile<string>(graph, { ...outputs, ...named }, compile, halved);
    program.bind([...weights.entries(), ...frozen]);
    program.bindOutputs([...this.#gradients.entries()].map(([parameter, data]) => [GRADIENT_PREFIX + parameter, data]));
    this.#programs.set(name, program);
  }

  async backward(feeds: Readonly<Record<string, HostArray>>, { graph = '' }: PassOptions = {}): Promise<Record<string, Float32Array>> {
    if (this.#sumIn === 'last pass') this.#moveToTotal();
    const program = this.#programs.get(graph);
    if (!program) throw new Error(`there is no graph '${graph}'`);
    const results = await program.run(feeds);
    if (this.#sumIn === 'total') addAll(this.#total!, this.#gradients);
    else this.#sumIn = 'last pass';
    return results;
  }

  /** Moves the gradients into the total, so that more can be added. */
  #moveToTotal(): ParameterBuffers {
    this.#total ??= this.#weights.beside(Float32Array);
    if (this.#sumIn === 'total') return this.#total;
    this.#total.fill(0);
    if (this.#sumIn === 'last pass') addAll(this.#total, this.#gradients);
    this.#sumIn = 'total';
    return this.#total;
  }

  get #sum(): GradientBuffers {
    if (this.#sumIn === 'nowhere') throw new NoGradientsError();
    return this.#sumIn === 'total' ? this.#total! : this.#gradients;
  }

  async readGradients(): Promise<ParameterBuffers> {
    const copy = this.#sum.copy();
    const widened = copy.beside(Float32Array);
    addAll(widened, copy);
    return widened;
  }

  async addGradients(gradients: ParameterBuffers): Promise<void> {
    const total = this.#moveToTotal();
    for (const [name, values] of gradients.entries()) {
      const sums = total.get(name);
      for (let i = 0; i < sums.length; i++) sums[i] += values[i];
    }
  }

  async gradientNorm(): Promise<number> {
    return this.#optimizer.gradientNorm(this.#sum);
  }

  async update(step: AdamWStep): Promise<void> {
    this.#optimizer.apply(this.#sum, step);
    this.discardGradients();
  }

  discardGradients(): void {
    this.#sumIn = 'nowhere';
  }

  async moveAverage(average: ParameterBuffers, share: number): Promise<void> {
    moveTowards(average, this.#weights, share);
  }

  async download(): Promise<void> {
    // the state is already in the host's buffers
  }

  async release(): Promise<void> {
    await Promise.all([...this.#programs.values()].map((program) => program.release()));
  }
}
