// Training in the host's arrays: the pass writes gradients in place, and AdamW runs in WebAssembly over the same memory.
import { type ParameterBuffers } from '../kernels/parameter-buffers.ts';
import { addGradients } from '../optimizers/adamw-kernel.ts';
import { moveTowards } from '../optimizers/moving-average.ts';
import { type AdamW, type AdamWStep, type GradientBuffers } from '../optimizers/adamw.ts';
import { Program } from '../programs/program.ts';
import { type HostArray } from '../programs/session.ts';
import { type BackendOptions, GRADIENT_PREFIX, NoGradientsError, type TrainingBackend } from './backend.ts';

function addAll(sums: ParameterBuffers, gradients: GradientBuffers): void {
  for (const [name, values] of gradients.entries()) addGradients(sums.get(name), values);
}

export class HostTraining implements TrainingBackend {
  /** Gradients of the last pass. */
  readonly #gradients: GradientBuffers;
  readonly #weights: ParameterBuffers;
  readonly #optimizer: AdamW;
  readonly #program: Program;
  /** The sum from the second pass on. */
  #total: ParameterBuffers | null = null;
  /** Where the gradients since the last update are. */
  #sumIn: 'nowhere' | 'last pass' | 'total' = 'nowhere';

  private constructor(gradients: GradientBuffers, weights: ParameterBuffers, optimizer: AdamW, program: Program) {
    this.#gradients = gradients;
    this.#weights = weights;
    this.#optimizer = optimizer;
    this.#program = program;
  }

  static async create(options: BackendOptions<'host'>): Promise<HostTraining> {
    const { graph, outputs, gradients, gradientPrecision, compile, weights, frozen, optimizer } = options;
    const halved = gradientPrecision === 'float16';
    const named = Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [GRADIENT_PREFIX + name, gradient]));
    const program = await Program.compile<string>(graph, { ...outputs, ...named }, compile, halved ? Object.keys(named) : []);
    const buffers: GradientBuffers = halved ? weights.beside(Uint16Array) : weights.beside(Float32Array);
    program.bind([...weights.entries(), ...frozen]);
    program.bindOutputs([...buffers.entries()].map(([name, data]) => [GRADIENT_PREFIX + name, data]));
    return new HostTraining(buffers, weights, optimizer, program);
  }

  async backward(feeds: Readonly<Record<string, HostArray>>): Promise<Record<string, Float32Array>> {
    if (this.#sumIn === 'last pass') this.#moveToTotal();
    const results = await this.#program.run(feeds);
    if (this.#sumIn === 'total') addAll(this.#total!, this.#gradients);
    else this.#sumIn = 'last pass';
    return results;
  }

  /** Makes the total hold what there is, so that more can be added. */
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
    // they are here
  }

  release(): Promise<void> {
    return this.#program.release();
  }
}
