// A compiled graph: one onnxruntime session. Beside it only gemm.ts imports onnxruntime-node.
import { elementCount, type Graph, type Tensor } from '@styleforge/autodiff';
import { emitOnnx, RESULTS_REFUSED, type Target } from '@styleforge/onnx';
import ort from 'onnxruntime-node';

export type Device = 'cpu' | 'webgpu' | 'cuda';
export type HostArray = Float32Array | Int32Array;

export interface CompileOptions {
  readonly device?: Device;
  /** Threads of one operation; onnxruntime's default is one per physical core. */
  readonly threads?: number;
  /**
   * Keep freed memory for the next run (default). Without it the graph runs in the order in which it was written, every value is freed
   * after its last use, and each run is a little slower; the process should have engineEnvironment() of packages/config too.
   */
  readonly keepMemory?: boolean;
  /** Path prefix of a JSON trace written when the program is released. */
  readonly profile?: string;
}

/** Raised when the device is not there or refuses the graph. */
export class DeviceError extends Error {
  override name = 'DeviceError';
}

/** What onnxruntime-node says when a run is done and it meets the output RESULTS_REFUSED. */
const REFUSAL = 'Non tensor type is temporarily not supported.';

/** Where the device is a choice, its absence has a code of its own; a graph that the processor refuses is a mistake of ours. */
function refusal(device: Device, cause: unknown): DeviceError {
  const error = new DeviceError(`onnxruntime could not prepare the graph on '${device}': ${String(cause)}`, { cause });
  return device === 'cpu' ? error : Object.assign(error, { code: 'device_unavailable' });
}

function hostTensor(data: HostArray, shape: readonly number[]): ort.Tensor {
  return data instanceof Float32Array ? new ort.Tensor('float32', data, shape) : new ort.Tensor('int32', data, shape);
}

function sessionOptions({ device = 'cpu', threads, keepMemory = true, profile }: CompileOptions): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: [device], graphOptimizationLevel: keepMemory ? 'all' : 'disabled', executionMode: 'sequential', logSeverityLevel: 3,
    enableCpuMemArena: keepMemory, enableMemPattern: keepMemory,
    // waiting threads sleep instead of spinning: on a shared machine small operations are 1.5 times faster so (docs/experiments/engine.md)
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
  };
}

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
  readonly #refusesResults: boolean;

  private constructor(
    session: ort.InferenceSession, inputs: ReadonlyMap<string, Tensor>, outputs: Readonly<Record<Outputs, Tensor>>,
    outputNames: Readonly<Record<string, string>>, profiling: boolean, refusesResults: boolean,
  ) {
    this.#session = session;
    this.#inputs = inputs;
    this.#outputs = outputs;
    this.#outputNames = outputNames;
    this.#profiling = profiling;
    this.#refusesResults = refusesResults;
  }

  /** Throws DeviceError when the device is absent or cannot run the graph. */
  static async compile<O extends string>(graph: Graph, outputs: Readonly<Record<O, Tensor>>, options: CompileOptions = {}): Promise<Program<O>> {
    const target: Target = options.device === 'webgpu' ? 'webgpu' : 'cpu';
    const model = emitOnnx(graph, outputs, target, { hidesShapes: options.keepMemory === false && target === 'cpu', refusesResults: target === 'cpu' });
    const inputs = new Map(model.inputs.map((tensor, i) => [model.inputNames[i], tensor]));
    let session: ort.InferenceSession;
    try {
      session = await ort.InferenceSession.create(model.bytes, sessionOptions(options));
    } catch (error) {
      throw refusal(options.device ?? 'cpu', error);
    }
    return new Program(session, inputs, model.outputTensors as Readonly<Record<O, Tensor>>, model.outputNames, options.profile !== undefined, target === 'cpu');
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

  /** Feeds `arrays` at every run from now on; names that the program does not read are left out. */
  bind(arrays: Iterable<readonly [string, HostArray]>): this {
    for (const [name, data] of arrays) if (this.#inputs.has(name)) this.#bound[name] = this.#tensorFor(name, data);
    return this;
  }

  bindOutputs(arrays: Iterable<readonly [Outputs, Float32Array]>): this {
    for (const [name, data] of arrays) this.#boundOutputs[this.#outputNames[name]] = hostTensor(data, this.#outputs[name].shape);
    return this;
  }

  /** Runs once. Blocks the calling thread until done. Results are new arrays where none are bound or given. */
  async run(feeds: Readonly<Record<string, HostArray>> = {}, into: Readonly<Partial<Record<string, Float32Array>>> = {}): Promise<Record<Outputs, Float32Array>> {
    const fed: Record<string, ort.Tensor> = { ...this.#bound };
    for (const [name, data] of Object.entries(feeds)) fed[name] = this.#tensorFor(name, data);
    const results = Object.fromEntries((Object.keys(this.#outputs) as Outputs[]).map((name) => [name, this.#resultTensor(name, into[name])])) as Record<Outputs, ort.Tensor>;
    await this.#runInto(fed, results);
    return Object.fromEntries(Object.entries<ort.Tensor>(results).map(([name, { data }]) => [name, data])) as Record<Outputs, Float32Array>;
  }

  #resultTensor(name: Outputs, given?: Float32Array): ort.Tensor {
    const { shape } = this.#outputs[name];
    const bound = this.#boundOutputs[this.#outputNames[name]];
    return given || !bound ? hostTensor(given ?? new Float32Array(elementCount(shape)), shape) : bound;
  }

  /** Without the refusal the binding would copy every result, gradients of all weights among them, into arrays that nobody reads. */
  async #runInto(fed: Record<string, ort.Tensor>, results: Record<Outputs, ort.Tensor>): Promise<void> {
    const fetches: Record<string, ort.Tensor | null> = this.#refusesResults ? { [RESULTS_REFUSED]: null } : {};
    for (const [name, tensor] of Object.entries<ort.Tensor>(results)) fetches[this.#outputNames[name]] = tensor;
    try {
      await this.#session.run(fed, fetches as ort.InferenceSession.OnnxValueMapType);
    } catch (error) {
      if (!(this.#refusesResults && error instanceof Error && error.message === REFUSAL)) throw error;
    }
  }

  async release(): Promise<void> {
    if (this.#profiling) this.#session.endProfiling();
    await this.#session.release();
  }
}
