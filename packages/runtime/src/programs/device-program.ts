// A compiled graph whose operands and results may stay on the device between runs.
import { elementCount, Graph, type Shape, type Tensor } from '@styleforge/autodiff';
import { emitOnnx } from '@styleforge/onnx';
import type ort from 'onnxruntime-node';
import { type TensorDevice } from '../devices/device.ts';
import { type CompileOptions, type HostArray } from './session.ts';
import { createTensorSession, hostTensor, onnxruntimeNode } from './tensor-session.ts';

/** A value in the device's memory. Its last owner disposes of it. */
export type DeviceTensor = ort.Tensor;

export interface DeviceProgramOptions extends Pick<CompileOptions, 'keepMemory' | 'mixedPrecision' | 'profile'> {
  readonly device: TensorDevice;
  /** Results that are copied to the host. All others stay on the device. */
  readonly toHost?: ReadonlySet<string>;
}

/** Maximum number of elements that are copied or updated in one run, because old and new values of a group exist at the same time. */
const GROUP = 2 ** 25;

/** Groups of neighboring values with at most GROUP elements each. A larger value is a group of its own. */
export function groupsOf<T extends { readonly shape: Shape }>(values: Iterable<T>): T[][] {
  const groups: T[][] = [];
  let room = 0;
  for (const value of values) {
    const size = elementCount(value.shape);
    if (groups.length === 0 || size > room) {
      groups.push([]);
      room = Math.max(GROUP, size);
    }
    groups.at(-1)!.push(value);
    room -= size;
  }
  return groups;
}

/**
 * A compiled graph. Results that stay on the device are new tensors after every run, because onnxruntime writes nothing in place there.
 */
export class DeviceProgram {
  readonly #ort: typeof ort;
  readonly #session: ort.InferenceSession;
  readonly #inputs: ReadonlyMap<string, Tensor>;
  readonly #outputNames: Readonly<Record<string, string>>;
  readonly #profiling: boolean;

  private constructor(
    library: typeof ort,
    session: ort.InferenceSession,
    inputs: ReadonlyMap<string, Tensor>,
    outputNames: Readonly<Record<string, string>>,
    profiling: boolean,
  ) {
    this.#ort = library;
    this.#session = session;
    this.#profiling = profiling;
    this.#inputs = inputs;
    this.#outputNames = outputNames;
  }

  /** Throws DeviceError if the device is missing or cannot run the graph. */
  static async compile(
    graph: Graph,
    outputs: Readonly<Record<string, Tensor>>,
    { device, keepMemory, mixedPrecision, profile, toHost = new Set() }: DeviceProgramOptions,
  ): Promise<DeviceProgram> {
    const model = emitOnnx(graph, outputs, device.target, { mixedPrecision, hidesShapes: keepMemory === false });
    const preferredOutputLocation = Object.fromEntries(
      Object.entries(model.outputNames).map(([name, onnxName]) => [
        onnxName,
        toHost.has(name) ? ('cpu' as const) : ('gpu-buffer' as const),
      ]),
    );
    const session = await createTensorSession(device, model.bytes, { keepMemory, profile }, { preferredOutputLocation });
    return new DeviceProgram(
      await onnxruntimeNode(),
      session,
      new Map(model.inputs.map((tensor, i) => [model.inputNames[i], tensor])),
      model.outputNames,
      profile !== undefined,
    );
  }

  /** Runs once. Inputs that the graph does not read are ignored. */
  async run(feeds: Readonly<Record<string, HostArray | DeviceTensor>>): Promise<Record<string, DeviceTensor>> {
    const fed: Record<string, ort.Tensor> = {};
    for (const [name, { shape }] of this.#inputs) {
      const value = feeds[name];
      if (value === undefined) throw new Error(`the program's input '${name}' is not fed`);
      fed[name] = value instanceof Float32Array || value instanceof Int32Array ? hostTensor(this.#ort, value, shape) : value;
    }
    const results = await this.#session.run(fed);
    return Object.fromEntries(Object.entries(this.#outputNames).map(([name, onnxName]) => [name, results[onnxName] as ort.Tensor]));
  }

  async release(): Promise<void> {
    if (this.#profiling) this.#session.endProfiling();
    await this.#session.release();
  }
}

export interface HostValue {
  readonly name: string;
  readonly shape: Shape;
  readonly data: HostArray;
}

/**
 * Float32 values in the device's memory. The memory belongs to the programs that copied the values, so these live as long as the values.
 */
export class PlacedValues {
  readonly tensors = new Map<string, DeviceTensor>();
  readonly #programs: DeviceProgram[] = [];

  static async from(device: TensorDevice, values: Iterable<HostValue>): Promise<PlacedValues> {
    const placed = new PlacedValues();
    for (const group of groupsOf(values)) await placed.#add(device, group);
    return placed;
  }

  async #add(device: TensorDevice, group: readonly HostValue[]): Promise<void> {
    const graph = new Graph();
    const program = await DeviceProgram.compile(
      graph,
      Object.fromEntries(group.map(({ name, shape }) => [name, graph.stopGradient(graph.input(name, shape))])),
      { device },
    );
    this.#programs.push(program);
    const results = await program.run(Object.fromEntries(group.map(({ name, data }) => [name, data])));
    for (const { name } of group) this.tensors.set(name, results[name]);
  }

  /** Releases the programs. For owners that have already disposed of the values. */
  async releasePrograms(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.release()));
  }

  async release(): Promise<void> {
    for (const tensor of this.tensors.values()) tensor.dispose();
    await this.releasePrograms();
  }
}
