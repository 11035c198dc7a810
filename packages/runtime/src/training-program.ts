// One trainable graph with its weights, gradients and optimizer: backward passes and updates.
import { gradients, type Graph, type Tensor } from '@styleforge/autodiff';
import { AdamW, type AdamWOptions } from './adamw.ts';
import { BufferBlender } from './chunk-kernels.ts';
import { ParameterBuffers } from './parameter-buffers.ts';
import { Program, type CompileOptions, type HostArray } from './program.ts';

export interface TrainingProgramOptions<Outputs extends string> {
  readonly graph: Graph;
  /** The scalar to minimise. */
  readonly loss: Tensor;
  /** Further values wanted from every pass. */
  readonly outputs: Readonly<Record<Outputs, Tensor>>;
  /** Weights to train: parameters of the graph by name. All others are frozen and must be bound. */
  readonly trainable: ParameterBuffers;
  /** Weights that are read only. */
  readonly frozen?: Iterable<readonly [string, HostArray]>;
  readonly adamw: AdamWOptions;
  readonly compile?: CompileOptions;
}

export interface UpdateOptions {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Gradients are scaled down to this global norm; none when null. */
  readonly maxGradNorm: number | null;
}

const GRADIENT_PREFIX = 'gradient:';
/** torch.nn.utils.clip_grad_norm_ divides by the norm plus this. */
const CLIP_EPSILON = 1e-6;

export class TrainingProgram<Outputs extends string> {
  readonly weights: ParameterBuffers;
  readonly gradients: ParameterBuffers;
  readonly optimizer: AdamW;
  readonly #program: Program;
  readonly #compile: CompileOptions;
  #accumulated: { total: ParameterBuffers; blender: BufferBlender } | null = null;
  #passes = 0;

  private constructor(weights: ParameterBuffers, buffers: ParameterBuffers, optimizer: AdamW, program: Program, compile: CompileOptions) {
    this.weights = weights;
    this.gradients = buffers;
    this.optimizer = optimizer;
    this.#program = program;
    this.#compile = compile;
  }

  static async create<O extends string>(options: TrainingProgramOptions<O>): Promise<TrainingProgram<O>> {
    const { graph, loss, outputs, trainable, compile = {} } = options;
    const targets = trainable.specs.map(({ name }) => {
      const parameter = graph.parameters.get(name);
      if (!parameter) throw new Error(`the graph has no parameter '${name}'`);
      return parameter;
    });
    const computed = gradients(graph, loss, targets);
    const names = trainable.specs.map(({ name }) => GRADIENT_PREFIX + name);
    const program = await Program.compile<string>(graph, { ...outputs, ...Object.fromEntries(names.map((name, i) => [name, computed[i]])) }, compile);
    const buffers = trainable.alike();
    program.bind(trainable.entries()).bindOutputs([...buffers.entries()].map(([name, data]) => [GRADIENT_PREFIX + name, data]));
    if (options.frozen) program.bind(options.frozen);
    return new TrainingProgram<O>(trainable, buffers, new AdamW(trainable, options.adamw), program, compile);
  }

  /** One forward and backward pass; gradients of passes since the last update are summed. */
  async backward(feeds: Readonly<Record<string, HostArray>>): Promise<Record<Outputs, Float32Array>> {
    if (this.#passes === 1) await this.#startAccumulating();
    const results = await this.#program.run(feeds);
    if (this.#passes > 0) await this.#accumulated!.blender.blend(this.#accumulated!.total, 1, this.gradients, 1);
    this.#passes += 1;
    return results as Record<Outputs, Float32Array>;
  }

  /** Called before the second pass of a group: what the first pass left becomes the sum so far. */
  async #startAccumulating(): Promise<void> {
    this.#accumulated ??= { total: this.gradients.alike(), blender: await BufferBlender.create(this.#compile) };
    await this.#accumulated.blender.blend(this.#accumulated.total, 0, this.gradients, 1);
  }

  /** Clips and applies the mean gradient of the passes since the last update; returns its norm before clipping. */
  async update({ learningRate, weightDecay, maxGradNorm }: UpdateOptions): Promise<{ gradNorm: number }> {
    if (this.#passes === 0) throw new Error('update() needs a backward() first');
    const buffers = this.#passes > 1 ? this.#accumulated!.total : this.gradients;
    const mean = 1 / this.#passes;
    this.#passes = 0;
    const gradNorm = mean * this.optimizer.gradientNorm(buffers);
    if (!Number.isFinite(gradNorm)) return { gradNorm };
    const clip = maxGradNorm === null ? 1 : Math.min(1, maxGradNorm / (gradNorm + CLIP_EPSILON));
    this.optimizer.apply(buffers, { learningRate, weightDecay, gradientScale: mean * clip });
    return { gradNorm };
  }

  async release(): Promise<void> {
    await Promise.all([this.#program.release(), this.#accumulated?.blender.release()]);
  }
}
