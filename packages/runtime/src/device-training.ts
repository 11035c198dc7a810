// Training with weights, gradients and AdamW moments in the device's memory: only inputs and losses cross at a step.
import { Graph, type Tensor } from '@styleforge/autodiff';
import { type AdamW, type AdamWOptions, type AdamWStep } from './adamw.ts';
import { DeviceProgram, type DeviceTensor, groupsOf, PlacedValues } from './device-program.ts';
import { type ParameterBuffers, type ParameterSpec } from './parameter-buffers.ts';
import { type CompileOptions, type Device, type HostArray } from './session.ts';

/** What is kept for a weight on the device. */
interface Resident {
  weight: DeviceTensor;
  first: DeviceTensor;
  second: DeviceTensor;
}

const KINDS = ['weight', 'first', 'second'] as const;

interface GraphParts {
  readonly graph: Graph;
  readonly outputs: Record<string, Tensor>;
}

interface GroupPrograms {
  readonly download: DeviceProgram;
  readonly sumOfSquares: DeviceProgram;
  readonly add: DeviceProgram;
  readonly update: DeviceProgram;
}

interface ParameterGroup {
  readonly specs: readonly ParameterSpec[];
  readonly programs: GroupPrograms;
}

/** Each named value as it is: it only changes its place. */
function passingOn(specs: readonly ParameterSpec[]): GraphParts {
  const graph = new Graph();
  const outputs = Object.fromEntries(
    specs.flatMap(({ name, shape }) =>
      KINDS.map((kind) => {
        const key = `${kind}:${name}`;
        return [key, graph.stopGradient(graph.input(key, shape))] as const;
      }),
    ),
  );
  return { graph, outputs };
}

function sumOfSquares(specs: readonly ParameterSpec[]): GraphParts {
  const graph = new Graph();
  const sums = specs.map(({ name, shape }) =>
    graph.reduceSum(
      graph.square(graph.input(name, shape)),
      shape.map((_, axis) => axis),
    ),
  );
  return { graph, outputs: { sum: sums.reduce((total, sum) => graph.add(total, sum)) } };
}

function addition(specs: readonly ParameterSpec[]): GraphParts {
  const graph = new Graph();
  return {
    graph,
    outputs: Object.fromEntries(
      specs.map(({ name, shape }) => [name, graph.add(graph.input(`sum:${name}`, shape), graph.input(name, shape))]),
    ),
  };
}

/** AdamW in the order of operations of adamw-kernel.ts. */
function adamWUpdate(specs: readonly ParameterSpec[], { beta1, beta2, epsilon, ratesOf }: AdamWOptions): GraphParts {
  const graph = new Graph();
  const [gradientScale, decayRate, learningRate, stepSize, secondCorrection] = [
    'gradientScale',
    'decayRate',
    'learningRate',
    'stepSize',
    'secondCorrection',
  ].map((name) => graph.input(name, []));
  const outputs = Object.fromEntries(
    specs.flatMap(({ name, shape }) => {
      const [w, m, v] = KINDS.map((kind) => graph.input(`${kind}:${name}`, shape));
      const g = graph.mul(graph.input(name, shape), gradientScale);
      const first = graph.add(m, graph.mul(graph.sub(g, m), 1 - beta1));
      const second = graph.add(graph.mul(v, beta2), graph.mul(graph.square(g), 1 - beta2));
      const deviation = graph.add(graph.mul(graph.sqrt(second), secondCorrection), epsilon);
      const { learningRateScale: scale = 1, weightDecay } = ratesOf?.(name) ?? {};
      const decay = weightDecay === undefined ? graph.mul(decayRate, scale) : graph.mul(learningRate, weightDecay * scale);
      const weight = graph.sub(graph.mul(w, graph.sub(1, decay)), graph.mul(graph.div(first, deviation), graph.mul(stepSize, scale)));
      return [
        [`weight:${name}`, weight],
        [`first:${name}`, first],
        [`second:${name}`, second],
      ] as const;
    }),
  );
  return { graph, outputs };
}

async function compileGroup(specs: readonly ParameterSpec[], adamw: AdamWOptions, device: Device): Promise<ParameterGroup> {
  const compile = ({ graph, outputs }: GraphParts, toHost = false): Promise<DeviceProgram> =>
    DeviceProgram.compile(graph, outputs, { device, ...(toHost && { toHost: new Set(Object.keys(outputs)) }) });
  const programs: GroupPrograms = {
    download: await compile(passingOn(specs), true),
    sumOfSquares: await compile(sumOfSquares(specs), true),
    add: await compile(addition(specs)),
    update: await compile(adamWUpdate(specs, adamw)),
  };
  return { specs, programs };
}

export interface DeviceTrainingOptions {
  readonly device: Device;
  /** Of the pass. */
  readonly compile?: Pick<CompileOptions, 'keepMemory' | 'mixedPrecision' | 'profile'>;
  readonly graph: Graph;
  /** Results of a pass that come back to the host. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Of the trainable weights, by name. */
  readonly gradients: Readonly<Record<string, Tensor>>;
  /** Where weights and moments come from at the first pass, and go to at `download`. */
  readonly weights: ParameterBuffers;
  /** Weights that are read only. */
  readonly frozen?: Iterable<readonly [string, HostArray]> | undefined;
  readonly optimizer: AdamW;
  readonly adamw: AdamWOptions;
}

const GRADIENT_PREFIX = 'gradient:';

export class DeviceTraining {
  readonly #options: DeviceTrainingOptions;
  readonly #pass: DeviceProgram;
  readonly #groups: readonly ParameterGroup[];
  #resident: Map<string, Resident> | null = null;
  /** The weights that are read only. */
  #frozen: PlacedValues | null = null;
  /** What brought the first weights and moments here: their memory belongs to it. */
  #start: PlacedValues | null = null;
  #gradients: Record<string, DeviceTensor> | null = null;

  private constructor(options: DeviceTrainingOptions, pass: DeviceProgram, groups: readonly ParameterGroup[]) {
    this.#options = options;
    this.#pass = pass;
    this.#groups = groups;
  }

  static async create(options: DeviceTrainingOptions): Promise<DeviceTraining> {
    const { device, compile, graph, outputs, gradients, weights, adamw } = options;
    const all = {
      ...outputs,
      ...Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [GRADIENT_PREFIX + name, gradient])),
    };
    const pass = await DeviceProgram.compile(graph, all, { ...compile, device, toHost: new Set(Object.keys(outputs)) });
    const groups: ParameterGroup[] = [];
    for (const specs of groupsOf(weights.specs)) groups.push(await compileGroup(specs, adamw, device));
    return new DeviceTraining(options, pass, groups);
  }

  async #upload(): Promise<Map<string, Resident>> {
    const { device, weights, optimizer } = this.#options;
    const values = {
      weight: (name: string) => weights.get(name),
      first: (name: string) => optimizer.firstMoment.read(name),
      second: (name: string) => optimizer.secondMoment.read(name),
    };
    this.#start = await PlacedValues.from(
      device,
      weights.specs.flatMap(({ name, shape }) => KINDS.map((kind) => ({ name: `${kind}:${name}`, shape, data: values[kind](name) }))),
    );
    const placed = Object.fromEntries(this.#start.tensors);
    return new Map(weights.specs.map(({ name }) => [name, residentOf(placed, name)]));
  }

  #placeFrozen(): Promise<PlacedValues> {
    const { device, graph, frozen = [] } = this.#options;
    return PlacedValues.from(
      device,
      [...frozen].flatMap(([name, data]) => {
        const parameter = graph.parameters.get(name);
        return parameter ? [{ name, data, shape: parameter.shape }] : [];
      }),
    );
  }

  /** Forward and backward; gradients of passes since the last update are summed. */
  async backward(feeds: Readonly<Record<string, HostArray>>): Promise<Record<string, Float32Array>> {
    this.#resident ??= await this.#upload();
    this.#frozen ??= await this.#placeFrozen();
    const weights = Object.fromEntries([...this.#resident].map(([name, { weight }]) => [name, weight]));
    const results = await this.#pass.run({ ...Object.fromEntries(this.#frozen.tensors), ...weights, ...feeds });
    const gradients = Object.fromEntries(Object.keys(this.#options.gradients).map((name) => [name, results[GRADIENT_PREFIX + name]]));
    this.#gradients = this.#gradients ? await this.#sum(this.#gradients, gradients) : gradients;
    return Object.fromEntries(Object.keys(this.#options.outputs).map((name) => [name, results[name].data as Float32Array]));
  }

  async #sum(total: Record<string, DeviceTensor>, further: Record<string, DeviceTensor>): Promise<Record<string, DeviceTensor>> {
    const sums: Record<string, DeviceTensor> = {};
    for (const { specs, programs } of this.#groups) {
      const names = specs.map(({ name }) => name);
      Object.assign(
        sums,
        await programs.add.run({ ...pick(further, names), ...Object.fromEntries(names.map((name) => [`sum:${name}`, total[name]])) }),
      );
    }
    [total, further].forEach((gradients) => Object.values(gradients).forEach((gradient) => gradient.dispose()));
    return sums;
  }

  /** Euclidean norm over all gradients. */
  async gradientNorm(): Promise<number> {
    let total = 0;
    for (const { specs, programs } of this.#groups) {
      const { sum } = await programs.sumOfSquares.run(
        pick(
          this.#gradients!,
          specs.map(({ name }) => name),
        ),
      );
      total += (sum.data as Float32Array)[0];
    }
    return Math.sqrt(total);
  }

  /** One update of every weight; the gradients are gone afterwards. */
  async update({ learningRate, weightDecay, gradientScale = 1 }: AdamWStep): Promise<void> {
    const {
      optimizer,
      adamw: { beta1, beta2 },
    } = this.#options;
    optimizer.step += 1;
    const scalars = {
      gradientScale: Float32Array.of(gradientScale),
      decayRate: Float32Array.of(learningRate * weightDecay),
      learningRate: Float32Array.of(learningRate),
      stepSize: Float32Array.of(learningRate / (1 - beta1 ** optimizer.step)),
      secondCorrection: Float32Array.of(1 / Math.sqrt(1 - beta2 ** optimizer.step)),
    };
    for (const { specs, programs } of this.#groups) {
      const names = specs.map(({ name }) => name);
      const placed = await programs.update.run({ ...scalars, ...pick(this.#gradients!, names), ...this.#stateOf(names) });
      for (const name of names) {
        const old = this.#resident!.get(name)!;
        [old.weight, old.first, old.second, this.#gradients![name]].forEach((tensor) => tensor.dispose());
        this.#resident!.set(name, residentOf(placed, name));
      }
    }
    this.#gradients = null;
  }

  /** Throws the gradients away: nothing was made of them. */
  discardGradients(): void {
    Object.values(this.#gradients ?? {}).forEach((gradient) => gradient.dispose());
    this.#gradients = null;
  }

  #stateOf(names: readonly string[]): Record<string, DeviceTensor> {
    return Object.fromEntries(names.flatMap((name) => KINDS.map((kind) => [`${kind}:${name}`, this.#resident!.get(name)![kind]])));
  }

  /** Brings weights and moments to the host's buffers. */
  async download(): Promise<void> {
    if (!this.#resident) return;
    const { weights, optimizer } = this.#options;
    for (const { specs, programs } of this.#groups) {
      const values = await programs.download.run(this.#stateOf(specs.map(({ name }) => name)));
      for (const { name } of specs) {
        weights.get(name).set(values[`weight:${name}`].data as Float32Array);
        optimizer.firstMoment.write(name, values[`first:${name}`].data as Float32Array);
        optimizer.secondMoment.write(name, values[`second:${name}`].data as Float32Array);
      }
    }
  }

  async release(): Promise<void> {
    this.discardGradients();
    for (const { weight, first, second } of this.#resident?.values() ?? []) [weight, first, second].forEach((tensor) => tensor.dispose());
    await Promise.all([this.#frozen?.release(), this.#start?.releasePrograms()]);
    [this.#resident, this.#frozen, this.#start] = [null, null, null];
    await Promise.all(
      [this.#pass, ...this.#groups.flatMap(({ programs }) => Object.values<DeviceProgram>({ ...programs }))].map((program) =>
        program.release(),
      ),
    );
  }
}

function residentOf(placed: Record<string, DeviceTensor>, name: string): Resident {
  return { weight: placed[`weight:${name}`], first: placed[`first:${name}`], second: placed[`second:${name}`] };
}

function pick(tensors: Readonly<Record<string, DeviceTensor>>, names: readonly string[]): Record<string, DeviceTensor> {
  return Object.fromEntries(names.map((name) => [name, tensors[name]]));
}
