// A trainable graph with its weights, gradients and optimizer: runs backward passes and updates.
import { gradients, type Graph, type Tensor } from '@styleforge/autodiff';
import { type DeviceName } from '../devices/device.ts';
import { deviceOf } from '../devices/index.ts';
import { ParameterBuffers } from '../kernels/parameter-buffers.ts';
import { AdamW, type AdamWOptions } from '../optimizers/adamw.ts';
import { Prodigy } from '../optimizers/prodigy.ts';
import { LossScale } from '../optimizers/loss-scale.ts';
import { type CompileOptions, type HostArray } from '../programs/session.ts';
import { type BackendOptions, type GradientPrecision, type GraphParts, type PassOptions, type TrainingBackend } from './backend.ts';
import { BlockTraining } from './blocks.ts';
import { HostTraining } from './host.ts';
import { type Replica, ReplicatedTraining } from './replicated.ts';
import { ResidentTraining } from './resident.ts';

export interface TrainingProgramOptions<Outputs extends string> {
  readonly graph: Graph;
  /** The scalar that training minimizes. */
  readonly loss: Tensor;
  /** Additional values returned by every pass. */
  readonly outputs: Readonly<Record<Outputs, Tensor>>;
  /** Weights to train: parameters of the graph by name. Only they have gradients and moments. */
  readonly trainable: ParameterBuffers;
  /** All other weights of the graph, which are only read. */
  readonly frozen?: Iterable<readonly [string, HostArray]>;
  readonly adamw: AdamWOptions;
  /**
   * Uses Prodigy instead of AdamW, with the same options. `dCoef` multiplies its estimates. The device must list Prodigy among its
   * optimizers.
   */
  readonly prodigy?: { readonly dCoef: number } | undefined;
  /** Default: float32. float16 halves the memory and uses loss scaling. A device that cannot store float16 uses float32. */
  readonly gradientPrecision?: GradientPrecision | undefined;
  readonly compile?: CompileOptions;
  /**
   * Additional devices that run passes at the same time. Each updates its weights with the sum of all gradients. Not supported with
   * Prodigy.
   */
  readonly replicas?: readonly DeviceName[] | undefined;
}

export interface UpdateOptions {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Maximum global norm, to which larger gradients are scaled down. null for no limit. */
  readonly maxGradNorm: number | null;
}

export interface Update {
  /** The norm before clipping. */
  readonly gradNorm: number;
  /**
   * Whether the gradients overflowed float16. Nothing was then updated, and the passes must be repeated with the loss scale, which is now
   * smaller.
   */
  readonly overflowed: boolean;
}

const LOSS_SCALE = 'loss_scale';
/** The constant that torch.nn.utils.clip_grad_norm_ adds to the norm. */
const CLIP_EPSILON = 1e-6;

function createBackend(options: BackendOptions): Promise<TrainingBackend> {
  const { device } = options;
  switch (device.stateIn) {
    case 'host':
      return HostTraining.create({ ...options, device });
    case 'blocks':
      return BlockTraining.create({ ...options, device });
    case 'tensors':
      return ResidentTraining.create({ ...options, device });
  }
}

interface ReplicatedOptions extends BackendOptions {
  readonly replicas: readonly DeviceName[];
}

const createBackends = ({ replicas, ...options }: ReplicatedOptions): Promise<TrainingBackend> =>
  replicas.length > 0 ? createReplicas(options, replicas) : createBackend(options);

/** Creates a backend on each device. The first one uses the weights and the optimizer of the training. */
async function createReplicas(options: BackendOptions, devices: readonly DeviceName[]): Promise<ReplicatedTraining> {
  const { weights, optimizer } = options;
  const replicas: Replica[] = [{ weights, optimizer, backend: await createBackend(options) }];
  try {
    for (const name of devices) {
      const device = deviceOf(name);
      // Such a device computes in the host's arrays; others have copies
      const own = device.stateIn === 'host' ? weights.alike() : weights;
      const theirs = { ...options, device, compile: { ...options.compile, device: name }, weights: own, optimizer: optimizer.replica(own) };
      replicas.push({ weights: own, optimizer: theirs.optimizer, backend: await createBackend(theirs) });
    }
  } catch (error) {
    await Promise.all(replicas.map(({ backend }) => backend.release()));
    throw error;
  }
  return new ReplicatedTraining(replicas);
}

/** The requested precision if the device supports it, else float32. */
const fitting = <Precision extends string>(kept: readonly Precision[], wanted: Precision | undefined): Precision | 'float32' =>
  wanted !== undefined && kept.includes(wanted) ? wanted : 'float32';

/**
 * The parameters to differentiate with respect to. Throws if a name is not in the graph, or if a parameter of the graph is neither trained
 * nor given.
 */
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

/** Zeroed buffers for the parameters of a graph: one for those in `trainable`, one for the others. Throws if the graph lacks a name. */
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

/** A graph with the scalar to minimize and additional values returned by every pass. */
export interface LossGraph<Outputs extends string = string> {
  readonly graph: Graph;
  readonly loss: Tensor;
  readonly outputs: Readonly<Record<Outputs, Tensor>>;
}

function withGradients(
  { graph, loss, outputs }: LossGraph,
  trainable: ParameterBuffers,
  frozen: ReadonlySet<string>,
  scaled: boolean,
): GraphParts {
  const targets = targetsOf(graph, trainable, frozen);
  const computed = gradients(graph, loss, targets, scaled ? graph.input(LOSS_SCALE, []) : undefined);
  return { graph, outputs, gradients: Object.fromEntries(trainable.specs.map(({ name }, i) => [name, computed[i]])) };
}

export class TrainingProgram<Outputs extends string> {
  /** The weights. If a device stores them, they and the optimizer's moments have the values of the last `download`. */
  readonly weights: ParameterBuffers;
  readonly optimizer: AdamW;
  /** The loss scale, if any gradients are float16. */
  readonly lossScale: LossScale | null;
  readonly #parts: ReplicatedOptions;
  readonly #graphs = new Set<string>();
  #backend: TrainingBackend;
  #hasBackend = true;
  #passes = 0;

  private constructor(parts: ReplicatedOptions, lossScale: LossScale | null, backend: TrainingBackend) {
    this.weights = parts.weights;
    this.optimizer = parts.optimizer;
    this.lossScale = lossScale;
    this.#parts = parts;
    this.#backend = backend;
  }

  static async create<O extends string>(options: TrainingProgramOptions<O>): Promise<TrainingProgram<O>> {
    const { graph, loss, outputs, trainable, adamw, gradientPrecision, compile = {}, replicas = [] } = options;
    const frozen = [...(options.frozen ?? [])];
    const frozenNames = new Set(frozen.map(([name]) => name));
    const device = deviceOf(compile.device);
    const precision = fitting(device.precisions.gradients, gradientPrecision);
    const lossScale = compile.mixedPrecision || precision === 'float16' ? new LossScale() : null;
    if (options.prodigy && !device.optimizers.includes('prodigy')) throw new Error(`the device ${device.name} has no Prodigy`);
    if (options.prodigy && replicas.length > 0) throw new Error('Prodigy updates on one device: train without replicas');
    const optimizer = options.prodigy
      ? new Prodigy(trainable, { ...adamw, ...options.prodigy })
      : new AdamW(trainable, { ...adamw, momentPrecision: fitting(device.precisions.moments, adamw.momentPrecision) });
    const parts = {
      device,
      compile,
      ...withGradients({ graph, loss, outputs }, trainable, frozenNames, lossScale !== null),
      gradientPrecision: precision,
      weights: trainable,
      frozen,
      optimizer,
      adamw,
      replicas,
    };
    return new TrainingProgram<O>(parts, lossScale, await createBackends(parts));
  }

  /**
   * Compiles the training again for another graph over the same weights, and releases the device memory of the earlier graph. Weights and
   * moments are kept. Gradients since the last update and additional graphs are lost.
   */
  async rebuild(next: LossGraph<Outputs>, compile: CompileOptions): Promise<void> {
    await this.#backend.download();
    await this.release();
    this.#graphs.clear();
    this.#passes = 0;
    const frozen = new Set(this.#parts.frozen.map(([name]) => name));
    const graph = withGradients(next, this.weights, frozen, this.lossScale !== null);
    this.#backend = await createBackends({ ...this.#parts, ...graph, compile: { ...this.#parts.compile, ...compile } });
    this.#hasBackend = true;
  }

  /** Number of passes that can run at the same time, each with a different `replica`. */
  get replicas(): number {
    return this.#backend.replicas ?? 1;
  }

  /** A copy of the summed gradients since the last update, multiplied by the loss scale. */
  readGradients(): Promise<ParameterBuffers> {
    return this.#backend.readGradients();
  }

  /** Adds the gradients of a pass that ran elsewhere, multiplied by the loss scale. */
  async addGradients(further: ParameterBuffers): Promise<void> {
    await this.#backend.addGradients(further);
    this.#passes += 1;
  }

  /** Whether there is an additional graph with this name. */
  hasGraph(name: string): boolean {
    return this.#graphs.has(name);
  }

  /** Compiles an additional graph with the same parameters, for inputs of another shape. */
  async addGraph(name: string, further: LossGraph<Outputs>): Promise<void> {
    if (!this.#backend.addGraph) throw new Error('this device takes no further graphs');
    const frozen = new Set([...further.graph.parameters.keys()].filter((parameter) => !this.weights.has(parameter)));
    await this.#backend.addGraph(name, withGradients(further, this.weights, frozen, this.lossScale !== null));
    this.#graphs.add(name);
  }

  /**
   * Runs forward and backward once, and adds the gradients to those since the last update. Passes of different replicas may run at the
   * same time. `isPart`: this pass computes one summand of a loss, and counts as one with the next pass.
   */
  async backward(
    feeds: Readonly<Record<string, HostArray>>,
    { isPart = false, ...pass }: PassOptions & { readonly isPart?: boolean } = {},
  ): Promise<Record<Outputs, Float32Array>> {
    const scaled = this.lossScale ? { ...feeds, [LOSS_SCALE]: Float32Array.of(this.lossScale.value) } : feeds;
    const results = await this.#backend.backward(scaled, pass);
    if (!isPart) this.#passes += 1;
    return results as Record<Outputs, Float32Array>;
  }

  /** Clips and applies the mean gradient of the passes since the last update. Changes nothing if its norm is not finite. */
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

  /**
   * average -= share * (average - weights), computed where the weights are. `average` is in the memory of the weights, and is filled by
   * `download`.
   */
  moveAverage(average: ParameterBuffers, share: number): Promise<void> {
    return this.#backend.moveAverage(average, share);
  }

  /** Copies weights, moments and the average from the device into the host's buffers. Does nothing if they are already there. */
  download(): Promise<void> {
    return this.#backend.download();
  }

  async release(): Promise<void> {
    if (!this.#hasBackend) return;
    this.#hasBackend = false;
    await this.#backend.release();
  }
}
