// One trainable graph with its weights, gradients and optimizer: backward passes and updates.
import { gradients, type Graph, type Tensor } from '@styleforge/autodiff';
import { AdamW, type AdamWOptions, type AdamWStep, type GradientBuffers } from './adamw.ts';
import { addGradients } from './adamw-kernel.ts';
import { DeviceTraining } from './device-training.ts';
import { LossScale } from './loss-scale.ts';
import { ParameterBuffers } from './parameter-buffers.ts';
import { Program } from './program.ts';
import { type CompileOptions, type HostArray } from './session.ts';

/** What the gradients of the weights are kept in between a pass and its update. */
export type GradientPrecision = 'float32' | 'float16';

export interface TrainingProgramOptions<Outputs extends string> {
  readonly graph: Graph;
  /** The scalar to minimise. */
  readonly loss: Tensor;
  /** Further values wanted from every pass. */
  readonly outputs: Readonly<Record<Outputs, Tensor>>;
  /** Weights to train: parameters of the graph by name. No other gets a gradient or moments. */
  readonly trainable: ParameterBuffers;
  /** All other weights of the graph; they are read only. */
  readonly frozen?: Iterable<readonly [string, HostArray]>;
  readonly adamw: AdamWOptions;
  /** float32 when left out; float16, with loss scaling, takes half of the memory. A device keeps float32. */
  readonly gradientPrecision?: GradientPrecision | undefined;
  readonly compile?: CompileOptions;
}

export interface UpdateOptions {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Gradients are scaled down to this global norm; none when null. */
  readonly maxGradNorm: number | null;
}

export interface Update {
  /** Before clipping. */
  readonly gradNorm: number;
  /** The gradients overflowed float16: nothing was updated, and the passes are to be made again, at the smaller loss scale that is set now. */
  readonly overflowed: boolean;
}

const LOSS_SCALE = 'loss_scale';
const GRADIENT_PREFIX = 'gradient:';
/** torch.nn.utils.clip_grad_norm_ divides by the norm plus this. */
const CLIP_EPSILON = 1e-6;

/** What computes gradients and applies them: the processor, or a device that keeps everything in its own memory. */
interface TrainingBackend {
  /** Gradients of passes since the last update are summed. */
  backward(feeds: Readonly<Record<string, HostArray>>): Promise<Record<string, Float32Array>>;
  /** Of the sum. */
  gradientNorm(): number | Promise<number>;
  update(step: AdamWStep): void | Promise<void>;
  discardGradients(): void;
  /** Brings weights and moments to the host's buffers. */
  download(): Promise<void>;
  release(): Promise<void>;
}

function addAll(sums: ParameterBuffers, gradients: GradientBuffers): void {
  for (const [name, values] of gradients.entries()) addGradients(sums.get(name), values);
}

class HostTraining implements TrainingBackend {
  readonly #gradients: GradientBuffers;
  readonly #weights: ParameterBuffers;
  readonly #optimizer: AdamW;
  readonly #program: Program;
  /** From the second pass of a group on. */
  #total: ParameterBuffers | null = null;
  #passes = 0;

  constructor(gradients: GradientBuffers, weights: ParameterBuffers, optimizer: AdamW, program: Program) {
    this.#gradients = gradients;
    this.#weights = weights;
    this.#optimizer = optimizer;
    this.#program = program;
  }

  async backward(feeds: Readonly<Record<string, HostArray>>): Promise<Record<string, Float32Array>> {
    if (this.#passes === 1) {
      this.#total ??= this.#weights.beside(Float32Array);
      this.#total.fill(0);
      addAll(this.#total, this.#gradients);
    }
    const results = await this.#program.run(feeds);
    if (this.#passes > 0) addAll(this.#total!, this.#gradients);
    this.#passes += 1;
    return results;
  }

  get #sum(): GradientBuffers {
    return this.#passes > 1 ? this.#total! : this.#gradients;
  }

  /** A copy, of the last pass. */
  get gradients(): ParameterBuffers {
    const copy = this.#gradients.copy();
    const widened = copy.beside(Float32Array);
    addAll(widened, copy);
    return widened;
  }

  gradientNorm(): number {
    return this.#optimizer.gradientNorm(this.#sum);
  }

  update(step: AdamWStep): void {
    this.#optimizer.apply(this.#sum, step);
    this.discardGradients();
  }

  discardGradients(): void {
    this.#passes = 0;
  }

  async download(): Promise<void> {
    // they are here
  }

  release(): Promise<void> {
    return this.#program.release();
  }
}

/** The parameters to differentiate by. Throws where a name is not of the graph, or a parameter of the graph is neither trained nor given. */
function targetsOf(graph: Graph, trainable: ParameterBuffers, frozen: ReadonlySet<string>): Tensor[] {
  for (const name of graph.parameters.keys()) {
    if (!trainable.has(name) && !frozen.has(name)) throw new Error(`parameter '${name}' of the graph is neither trainable nor frozen`);
    if (trainable.has(name) && frozen.has(name)) throw new Error(`parameter '${name}' is both trainable and frozen`);
  }
  return trainable.specs.map(({ name }) => {
    const parameter = graph.parameters.get(name);
    if (!parameter) throw new Error(`the graph has no parameter '${name}'`);
    return parameter;
  });
}

/** Zeroed buffers for the parameters of a graph: those named in `trainable`, and the others. Throws for a name that the graph does not have. */
export function splitParameters(
  graph: Graph,
  trainable: ReadonlySet<string>,
): { readonly trainable: ParameterBuffers; readonly frozen: ParameterBuffers } {
  for (const name of trainable) if (!graph.parameters.has(name)) throw new Error(`the graph has no parameter '${name}'`);
  const specs = [...graph.parameters].map(([name, { shape }]) => ({ name, shape }));
  return {
    trainable: new ParameterBuffers(specs.filter(({ name }) => trainable.has(name))),
    frozen: ParameterBuffers.frozen(specs.filter(({ name }) => !trainable.has(name))),
  };
}

export class TrainingProgram<Outputs extends string> {
  /** On a device these, and the optimizer's moments, are what they were at the last `download`. */
  readonly weights: ParameterBuffers;
  readonly optimizer: AdamW;
  /** Where gradients are float16 anywhere. */
  readonly lossScale: LossScale | null;
  readonly #backend: TrainingBackend;
  #passes = 0;

  private constructor(weights: ParameterBuffers, optimizer: AdamW, lossScale: LossScale | null, backend: TrainingBackend) {
    this.weights = weights;
    this.optimizer = optimizer;
    this.lossScale = lossScale;
    this.#backend = backend;
  }

  static async create<O extends string>(options: TrainingProgramOptions<O>): Promise<TrainingProgram<O>> {
    const { graph, loss, outputs, trainable, adamw, gradientPrecision, compile = {} } = options;
    const frozen = [...(options.frozen ?? [])];
    const targets = targetsOf(graph, trainable, new Set(frozen.map(([name]) => name)));
    const halved = gradientPrecision === 'float16' && compile.device !== 'webgpu';
    const lossScale = compile.mixedPrecision || halved ? new LossScale() : null;
    const computed = gradients(graph, loss, targets, lossScale ? graph.input(LOSS_SCALE, []) : undefined);
    if (compile.device === 'webgpu') {
      const optimizer = new AdamW(trainable, { ...adamw, momentPrecision: 'float32' });
      const backend = await DeviceTraining.create({
        device: compile.device,
        compile,
        graph,
        outputs,
        weights: trainable,
        frozen,
        optimizer,
        adamw,
        gradients: Object.fromEntries(trainable.specs.map(({ name }, i) => [name, computed[i]])),
      });
      return new TrainingProgram<O>(trainable, optimizer, lossScale, backend);
    }
    const names = trainable.specs.map(({ name }) => GRADIENT_PREFIX + name);
    const program = await Program.compile<string>(
      graph,
      { ...outputs, ...Object.fromEntries(names.map((name, i) => [name, computed[i]])) },
      compile,
      halved ? names : [],
    );
    const buffers: GradientBuffers = halved ? trainable.beside(Uint16Array) : trainable.beside(Float32Array);
    program
      .bind([...trainable.entries(), ...frozen])
      .bindOutputs([...buffers.entries()].map(([name, data]) => [GRADIENT_PREFIX + name, data]));
    const optimizer = new AdamW(trainable, adamw);
    return new TrainingProgram<O>(trainable, optimizer, lossScale, new HostTraining(buffers, trainable, optimizer, program));
  }

  /** A copy of those of the last pass, times the loss scale; a device keeps its own. */
  get gradients(): ParameterBuffers {
    if (!(this.#backend instanceof HostTraining)) throw new Error('the gradients are in the memory of the device');
    return this.#backend.gradients;
  }

  /** One forward and backward pass; gradients of passes since the last update are summed. */
  async backward(feeds: Readonly<Record<string, HostArray>>): Promise<Record<Outputs, Float32Array>> {
    const results = await this.#backend.backward(
      this.lossScale ? { ...feeds, [LOSS_SCALE]: Float32Array.of(this.lossScale.value) } : feeds,
    );
    this.#passes += 1;
    return results as Record<Outputs, Float32Array>;
  }

  /** Clips and applies the mean gradient of the passes since the last update. Nothing is updated when its norm is not finite. */
  async update({ learningRate, weightDecay, maxGradNorm }: UpdateOptions): Promise<Update> {
    if (this.#passes === 0) throw new Error('update() needs a backward() first');
    const mean = 1 / this.#passes / (this.lossScale?.value ?? 1);
    this.#passes = 0;
    const gradNorm = mean * (await this.#backend.gradientNorm());
    if (!Number.isFinite(gradNorm)) {
      this.#backend.discardGradients();
      return { gradNorm, overflowed: this.lossScale?.lower() ?? false };
    }
    const clip = maxGradNorm === null ? 1 : Math.min(1, maxGradNorm / (gradNorm + CLIP_EPSILON));
    await this.#backend.update({ learningRate, weightDecay, gradientScale: mean * clip });
    this.lossScale?.succeeded();
    return { gradNorm, overflowed: false };
  }

  /** Brings weights and moments from the device to the host's buffers; nothing where they are there already. */
  download(): Promise<void> {
    return this.#backend.download();
  }

  release(): Promise<void> {
    return this.#backend.release();
  }
}
