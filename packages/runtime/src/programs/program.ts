// A compiled graph over the host's arrays.
import { elementCount, type Graph, type Tensor } from '@styleforge/autodiff';
import { emitOnnx } from '@styleforge/onnx';
import type ort from 'onnxruntime-node';
import { PlacedValues } from './device-program.ts';
import { type Device } from '../devices/device.ts';
import { deviceOf } from '../devices/index.ts';
import { type CompileOptions, createSession, type HostArray, hostTensor, type ResultArray, runInto } from './session.ts';

/**
 * Runs a graph. Feeds and results are host arrays; `bind` fixes feeds that stay the same arrays (weights), `bindOutputs` makes
 * results be written into given arrays. An output may be bound to the array that feeds it when the operation that
 * writes it is elementwise and its last reader: this is how weights are updated in place.
 */
export class Program<Outputs extends string = string> {
  readonly #session: ort.InferenceSession;
  readonly #inputs: ReadonlyMap<string, Tensor>;
  readonly #outputs: Readonly<Record<Outputs, Tensor>>;
  readonly #outputNames: Readonly<Record<string, string>>;
  readonly #bound: Record<string, ort.Tensor> = {};
  readonly #boundOutputs: Record<string, ort.Tensor> = {};
  readonly #profiling: boolean;
  readonly #device: Device;
  #placed: PlacedValues | null = null;
  #changed = false;

  private constructor(
    session: ort.InferenceSession,
    inputs: ReadonlyMap<string, Tensor>,
    outputs: Readonly<Record<Outputs, Tensor>>,
    outputNames: Readonly<Record<string, string>>,
    profiling: boolean,
    device: Device,
  ) {
    this.#session = session;
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#outputNames = outputNames;
    this.#profiling = profiling;
    this.#device = device;
  }

  /** `float16` are outputs to be bound to arrays of float16 bits. Throws DeviceError when the device is absent or cannot run the graph. */
  static async compile<O extends string>(
    graph: Graph,
    outputs: Readonly<Record<O, Tensor>>,
    options: CompileOptions = {},
    float16: readonly O[] = [],
  ): Promise<Program<O>> {
    const device = deviceOf(options.device);
    const onHost = device.stateIn === 'host';
    const model = emitOnnx(graph, outputs, device.target, {
      hidesShapes: options.keepMemory === false && onHost,
      refusesResults: onHost,
      mixedPrecision: options.mixedPrecision,
      float16,
    });
    const inputs = new Map(model.inputs.map((tensor, i) => [model.inputNames[i], tensor]));
    const session = await createSession(model.bytes, options);
    return new Program(
      session,
      inputs,
      model.outputTensors as Readonly<Record<O, Tensor>>,
      model.outputNames,
      options.profile !== undefined,
      device,
    );
  }

  /** Names of the inputs and parameters that a run needs. */
  get inputNames(): string[] {
    return [...this.#inputs.keys()];
  }

  #tensorFor(name: string, data: HostArray): ort.Tensor {
    const input = this.#inputs.get(name);
    if (!input) throw new Error(`the program has no input '${name}'`);
    return hostTensor(data, input.shape);
  }

  /** Feeds `arrays` at every run from now on; names that the program does not read are left out. A device keeps a copy of its own from the next run on. */
  bind(arrays: Iterable<readonly [string, HostArray]>): this {
    for (const [name, data] of arrays) if (this.#inputs.has(name)) this.#bound[name] = this.#tensorFor(name, data);
    this.refresh();
    return this;
  }

  /** Bound arrays have changed: a device takes them anew at the next run. */
  refresh(): void {
    this.#changed = true;
  }

  /** The bound feeds, in the device's memory where it has one that the binding knows. */
  async #boundFeeds(): Promise<Record<string, ort.Tensor>> {
    if (this.#device.stateIn === 'host') return this.#bound;
    if (this.#changed) {
      await this.#placed?.release();
      this.#placed = await PlacedValues.from(
        this.#device,
        Object.entries(this.#bound).map(([name, { data, dims }]) => ({ name, shape: dims, data: data as HostArray })),
      );
      this.#changed = false;
    }
    return Object.fromEntries(this.#placed?.tensors ?? []);
  }

  bindOutputs(arrays: Iterable<readonly [Outputs, ResultArray]>): this {
    for (const [name, data] of arrays) this.#boundOutputs[this.#outputNames[name]] = hostTensor(data, this.#outputs[name].shape);
    return this;
  }

  /** Runs once. Blocks the calling thread until done. Results are new arrays where none are bound or given. */
  async run(
    feeds: Readonly<Record<string, HostArray>> = {},
    into: Readonly<Partial<Record<string, Float32Array>>> = {},
  ): Promise<Record<Outputs, Float32Array>> {
    const fed = { ...(await this.#boundFeeds()) };
    for (const [name, data] of Object.entries(feeds)) fed[name] = this.#tensorFor(name, data);
    const results = Object.fromEntries(
      (Object.keys(this.#outputs) as Outputs[]).map((name) => [name, this.#resultTensor(name, into[name])]),
    ) as Record<Outputs, ort.Tensor>;
    const fetches = Object.fromEntries(Object.entries<ort.Tensor>(results).map(([name, tensor]) => [this.#outputNames[name], tensor]));
    await (this.#device.stateIn === 'host' ? runInto(this.#session, fed, fetches) : this.#session.run(fed, fetches));
    return Object.fromEntries(Object.entries<ort.Tensor>(results).map(([name, { data }]) => [name, data])) as Record<Outputs, Float32Array>;
  }

  #resultTensor(name: Outputs, given?: Float32Array): ort.Tensor {
    const { shape } = this.#outputs[name];
    const bound = this.#boundOutputs[this.#outputNames[name]];
    return given || !bound ? hostTensor(given ?? new Float32Array(elementCount(shape)), shape) : bound;
  }

  async release(): Promise<void> {
    if (this.#profiling) this.#session.endProfiling();
    await this.#placed?.release();
    await this.#session.release();
  }
}
