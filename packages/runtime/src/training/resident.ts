// Training with weights, gradients and AdamW's moments in the device's memory. A step transfers only inputs and losses.
import { type TensorDevice } from '../devices/device.ts';
import { type ParameterBuffers, type ParameterSpec } from '../kernels/parameter-buffers.ts';
import { type AdamWOptions, type AdamWStep } from '../optimizers/adamw.ts';
import { moveTowards } from '../optimizers/moving-average.ts';
import { DeviceProgram, type DeviceTensor, groupsOf, PlacedValues } from '../programs/device-program.ts';
import { type HostArray } from '../programs/session.ts';
import { type BackendOptions, GRADIENT_PREFIX, NoGradientsError, type TrainingBackend } from './backend.ts';
import { adamWUpdate, addition, type GraphParts, KINDS, passingOn, stateSpecs, sumOfSquares } from './resident-graphs.ts';

/** The state of a weight on the device. */
interface Resident {
  weight: DeviceTensor;
  first: DeviceTensor;
  second: DeviceTensor;
}

interface GroupPrograms {
  readonly download: DeviceProgram;
  readonly readGradients: DeviceProgram;
  readonly sumOfSquares: DeviceProgram;
  readonly add: DeviceProgram;
  readonly update: DeviceProgram;
}

interface ParameterGroup {
  readonly specs: readonly ParameterSpec[];
  readonly programs: GroupPrograms;
}

async function compileGroup(specs: readonly ParameterSpec[], adamw: AdamWOptions, device: TensorDevice): Promise<ParameterGroup> {
  const compile = ({ graph, outputs }: GraphParts, toHost = false): Promise<DeviceProgram> =>
    DeviceProgram.compile(graph, outputs, { device, ...(toHost && { toHost: new Set(Object.keys(outputs)) }) });
  const programs: GroupPrograms = {
    download: await compile(passingOn(stateSpecs(specs)), true),
    readGradients: await compile(passingOn(specs), true),
    sumOfSquares: await compile(sumOfSquares(specs), true),
    add: await compile(addition(specs)),
    update: await compile(adamWUpdate(specs, adamw)),
  };
  return { specs, programs };
}

export class ResidentTraining implements TrainingBackend {
  readonly #options: BackendOptions<'tensors'>;
  readonly #pass: DeviceProgram;
  readonly #groups: readonly ParameterGroup[];
  #resident: Map<string, Resident> | null = null;
  /** Weights that are only read. */
  #frozen: PlacedValues | null = null;
  /** The owner of the memory of the initial weights and moments. */
  #start: PlacedValues | null = null;
  #gradients: Record<string, DeviceTensor> | null = null;

  private constructor(options: BackendOptions<'tensors'>, pass: DeviceProgram, groups: readonly ParameterGroup[]) {
    this.#options = options;
    this.#pass = pass;
    this.#groups = groups;
  }

  static async create(options: BackendOptions<'tensors'>): Promise<ResidentTraining> {
    const { device, compile, graph, outputs, gradients, weights, adamw } = options;
    const all = {
      ...outputs,
      ...Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [GRADIENT_PREFIX + name, gradient])),
    };
    const pass = await DeviceProgram.compile(graph, all, { ...compile, device, toHost: new Set(Object.keys(outputs)) });
    const groups: ParameterGroup[] = [];
    for (const specs of groupsOf(weights.specs)) groups.push(await compileGroup(specs, adamw, device));
    return new ResidentTraining(options, pass, groups);
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
    const { device, graph, frozen } = this.#options;
    return PlacedValues.from(
      device,
      frozen.flatMap(([name, data]) => {
        const parameter = graph.parameters.get(name);
        return parameter ? [{ name, data, shape: parameter.shape }] : [];
      }),
    );
  }

  async backward(feeds: Readonly<Record<string, HostArray>>): Promise<Record<string, Float32Array>> {
    this.#resident ??= await this.#upload();
    this.#frozen ??= await this.#placeFrozen();
    const weights = Object.fromEntries([...this.#resident].map(([name, { weight }]) => [name, weight]));
    const results = await this.#pass.run({ ...Object.fromEntries(this.#frozen.tensors), ...weights, ...feeds });
    const gradients = Object.fromEntries(Object.keys(this.#options.gradients).map((name) => [name, results[GRADIENT_PREFIX + name]]));
    this.#gradients = this.#gradients ? await this.#added(this.#gradients, gradients) : gradients;
    return Object.fromEntries(Object.keys(this.#options.outputs).map((name) => [name, results[name].data as Float32Array]));
  }

  async #added(total: Record<string, DeviceTensor>, further: Record<string, DeviceTensor>): Promise<Record<string, DeviceTensor>> {
    const sums: Record<string, DeviceTensor> = {};
    for (const { specs, programs } of this.#groups) {
      const names = namesOf(specs);
      Object.assign(
        sums,
        await programs.add.run({ ...pick(further, names), ...Object.fromEntries(names.map((name) => [`sum:${name}`, total[name]])) }),
      );
    }
    [total, further].forEach((gradients) => Object.values(gradients).forEach((gradient) => gradient.dispose()));
    return sums;
  }

  get #sum(): Record<string, DeviceTensor> {
    if (!this.#gradients) throw new NoGradientsError();
    return this.#gradients;
  }

  async gradientNorm(): Promise<number> {
    let total = 0;
    for (const { specs, programs } of this.#groups) {
      const { sum } = await programs.sumOfSquares.run(pick(this.#sum, namesOf(specs)));
      total += (sum.data as Float32Array)[0];
    }
    return Math.sqrt(total);
  }

  async readGradients(): Promise<ParameterBuffers> {
    const copy = this.#options.weights.alike();
    for (const { specs, programs } of this.#groups) {
      const values = await programs.readGradients.run(pick(this.#sum, namesOf(specs)));
      for (const { name } of specs) copy.get(name).set(values[name].data as Float32Array);
    }
    return copy;
  }

  async addGradients(gradients: ParameterBuffers): Promise<void> {
    const own = this.#gradients ?? {};
    const zeros = this.#gradients ? null : this.#options.weights.alike();
    const sums: Record<string, DeviceTensor> = {};
    for (const { specs, programs } of this.#groups) {
      const feeds = namesOf(specs).flatMap((name) => [
        [name, gradients.get(name)] as const,
        [`sum:${name}`, own[name] ?? zeros!.get(name)] as const,
      ]);
      Object.assign(sums, await programs.add.run(Object.fromEntries(feeds)));
    }
    this.discardGradients();
    this.#gradients = sums;
  }

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
      const names = namesOf(specs);
      const placed = await programs.update.run({ ...scalars, ...pick(this.#sum, names), ...this.#stateOf(names) });
      for (const name of names) {
        const old = this.#resident!.get(name)!;
        [old.weight, old.first, old.second, this.#gradients![name]].forEach((tensor) => tensor.dispose());
        this.#resident!.set(name, residentOf(placed, name));
      }
    }
    this.#gradients = null;
  }

  discardGradients(): void {
    Object.values(this.#gradients ?? {}).forEach((gradient) => gradient.dispose());
    this.#gradients = null;
  }

  #stateOf(names: readonly string[]): Record<string, DeviceTensor> {
    return Object.fromEntries(names.flatMap((name) => KINDS.map((kind) => [`${kind}:${name}`, this.#resident!.get(name)![kind]])));
  }

  async download(): Promise<void> {
    if (!this.#resident) return;
    const { weights, optimizer } = this.#options;
    for (const { specs, programs } of this.#groups) {
      const values = await programs.download.run(this.#stateOf(namesOf(specs)));
      for (const { name } of specs) {
        weights.get(name).set(values[`weight:${name}`].data as Float32Array);
        optimizer.firstMoment.write(name, values[`first:${name}`].data as Float32Array);
        optimizer.secondMoment.write(name, values[`second:${name}`].data as Float32Array);
      }
    }
  }

  async moveAverage(average: ParameterBuffers, share: number): Promise<void> {
    await this.download();
    moveTowards(average, this.#options.weights, share);
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

const namesOf = (specs: readonly ParameterSpec[]): string[] => specs.map(({ name }) => name);

function residentOf(placed: Record<string, DeviceTensor>, name: string): Resident {
  return { weight: placed[`weight:${name}`], first: placed[`first:${name}`], second: placed[`second:${name}`] };
}

function pick(tensors: Readonly<Record<string, DeviceTensor>>, names: readonly string[]): Record<string, DeviceTensor> {
  return Object.fromEntries(names.map((name) => [name, tensors[name]]));
}
