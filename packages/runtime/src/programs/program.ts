// A compiled graph over the host's arrays.
import { elementCount, type Graph, type Tensor } from '@styleforge/autodiff';
import { emitOnnx, type OnnxModel } from '@styleforge/onnx';
import { type Device } from '../devices/device.ts';
import { deviceOf } from '../devices/index.ts';
import { createBlockRunner } from './block-runner.ts';
import { createHostRunner } from './host-runner.ts';
import { type Runner } from './runner.ts';
import { type CompileOptions, type HostArray, type ResultArray } from './session.ts';
import { createTensorRunner } from './tensor-runner.ts';

function createRunner(device: Device, model: OnnxModel, options: CompileOptions): Promise<Runner> {
  switch (device.stateIn) {
    case 'host':
      return createHostRunner(device, model, options);
    case 'blocks':
      return createBlockRunner(device, model, options);
    case 'tensors':
      return createTensorRunner(device, model, options);
  }
}

/**
 * A compiled graph that reads host arrays and returns host arrays. `bind` fixes feeds that are the same arrays in every run, such as
 * weights. `bindOutputs` writes results into given arrays. An output may be bound to an array that is also fed, if the operation that
 * writes it is elementwise and the last reader of the array: this updates weights in place.
 */
export class Program<Outputs extends string = string> {
  readonly #runner: Runner;
  readonly #inputs: ReadonlyMap<string, Tensor>;
  readonly #outputs: Readonly<Record<Outputs, Tensor>>;
  readonly #outputNames: Readonly<Record<string, string>>;
  readonly #bound = new Map<string, HostArray>();
  readonly #boundOutputs = new Map<Outputs, ResultArray>();

  private constructor(runner: Runner, { inputs, inputNames, outputTensors, outputNames }: OnnxModel) {
    this.#runner = runner;
    this.#inputs = new Map(inputs.map((tensor, i) => [inputNames[i], tensor]));
    this.#outputs = outputTensors as Readonly<Record<Outputs, Tensor>>;
    this.#outputNames = outputNames;
  }

  /**
   * Compiles a graph. `float16`: outputs that are bound to arrays of float16. Throws DeviceError if the device is missing or cannot run
   * the graph.
   */
  static async compile<O extends string>(
    graph: Graph,
    outputs: Readonly<Record<O, Tensor>>,
    options: CompileOptions = {},
    float16: readonly O[] = [],
  ): Promise<Program<O>> {
    const device = deviceOf(options.device);
    const model = emitOnnx(graph, outputs, device.target, {
      hidesShapes: options.keepMemory === false && device.stateIn !== 'tensors',
      mixedPrecision: options.mixedPrecision,
      halfWeights: device.precisions.halfWeights,
      float16,
    });
    return new Program<O>(await createRunner(device, model, options), model);
  }

  /** Names of the inputs and parameters that a run needs. */
  get inputNames(): string[] {
    return [...this.#inputs.keys()];
  }

  #input(name: string, { length }: HostArray): Tensor {
    const input = this.#inputs.get(name);
    if (!input) throw new Error(`the program has no input '${name}'`);
    checkLength(`input '${name}'`, input, length);
    return input;
  }

  /** Feeds `arrays` in every later run. Names that the program does not read are ignored. A device copies the arrays in the next run. */
  bind(arrays: Iterable<readonly [string, HostArray]>): this {
    for (const [name, array] of arrays) {
      if (!this.#inputs.has(name)) continue;
      this.#runner.bind(name, array, this.#input(name, array).shape);
      this.#bound.set(name, array);
    }
    return this;
  }

  /** Makes the next run read bound arrays again. Must be called after they have changed. */
  refresh(): void {
    this.#runner.refresh();
  }

  bindOutputs(arrays: Iterable<readonly [Outputs, ResultArray]>): this {
    for (const [name, array] of arrays) this.#boundOutputs.set(name, array);
    return this;
  }

  /** Runs once and blocks the calling thread. Results are new arrays, except those that are bound or given. */
  async run(
    feeds: Readonly<Record<string, HostArray>> = {},
    into: Readonly<Partial<Record<string, Float32Array>>> = {},
  ): Promise<Record<Outputs, Float32Array>> {
    for (const [name, array] of Object.entries(feeds)) this.#runner.feed(name, array, this.#input(name, array).shape);
    const missing = this.inputNames.find((name) => !Object.hasOwn(feeds, name) && !this.#bound.has(name));
    if (missing !== undefined) throw new Error(`the program's input '${missing}' is not fed`);
    const results = Object.fromEntries(
      (Object.keys(this.#outputs) as Outputs[]).map((name) => [name, this.#place(name, into[name])]),
    ) as Record<Outputs, Float32Array>;
    await this.#runner.run();
    for (const name of Object.keys(feeds)) {
      const bound = this.#bound.get(name);
      if (bound) this.#runner.bind(name, bound, this.#inputs.get(name)!.shape);
    }
    return results;
  }

  /** The array for one result of the next run. */
  #place(name: Outputs, given: Float32Array | undefined): ResultArray {
    const tensor = this.#outputs[name];
    const array = given ?? this.#boundOutputs.get(name) ?? new Float32Array(elementCount(tensor.shape));
    checkLength(`result '${name}'`, tensor, array.length);
    this.#runner.output(this.#outputNames[name], array, tensor.shape);
    return array;
  }

  release(): Promise<void> {
    return this.#runner.release();
  }
}

function checkLength(what: string, { shape }: Tensor, length: number): void {
  if (elementCount(shape) !== length)
    throw new RangeError(`the program's ${what} has the shape [${shape.join(', ')}], but its array has ${length} values`);
}
