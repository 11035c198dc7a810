// Runs a graph through onnxruntime-node, with bound arrays in the device's memory.
import { type Shape } from '@styleforge/autodiff';
import type ort from 'onnxruntime-node';
import { type TensorDevice } from '../devices/device.ts';
import { PlacedValues } from './device-program.ts';
import { type CreateRunner, type Runner } from './runner.ts';
import { type HostArray, type ResultArray } from './session.ts';
import { createTensorSession, hostTensor, onnxruntimeNode } from './tensor-session.ts';

export class TensorRunner implements Runner {
  readonly #ort: typeof ort;
  readonly #session: ort.InferenceSession;
  readonly #device: TensorDevice;
  readonly #profiling: boolean;
  readonly #bound = new Map<string, { readonly data: HostArray; readonly shape: Shape }>();
  readonly #results: Record<string, ort.Tensor> = {};
  #feeds: Record<string, ort.Tensor> = {};
  #placed: PlacedValues | null = null;
  #changed = false;

  constructor(library: typeof ort, session: ort.InferenceSession, device: TensorDevice, profiling: boolean) {
    this.#ort = library;
    this.#session = session;
    this.#device = device;
    this.#profiling = profiling;
  }

  bind(name: string, data: HostArray, shape: Shape): void {
    this.#bound.set(name, { data, shape });
    this.refresh();
  }

  refresh(): void {
    this.#changed = true;
  }

  feed(name: string, array: HostArray, shape: Shape): void {
    this.#feeds[name] = hostTensor(this.#ort, array, shape);
  }

  output(name: string, array: ResultArray, shape: Shape): void {
    this.#results[name] = hostTensor(this.#ort, array, shape);
  }

  async #boundFeeds(): Promise<Record<string, ort.Tensor>> {
    if (this.#changed) {
      await this.#placed?.release();
      this.#placed = await PlacedValues.from(
        this.#device,
        [...this.#bound].map(([name, value]) => ({ name, ...value })),
      );
      this.#changed = false;
    }
    return Object.fromEntries(this.#placed?.tensors ?? []);
  }

  async run(): Promise<void> {
    const feeds = { ...(await this.#boundFeeds()), ...this.#feeds };
    this.#feeds = {};
    await this.#session.run(feeds, this.#results);
  }

  async release(): Promise<void> {
    if (this.#profiling) this.#session.endProfiling();
    await this.#placed?.release();
    await this.#session.release();
  }
}

export const createTensorRunner: CreateRunner<'tensors'> = async (device, { bytes }, options) =>
  new TensorRunner(await onnxruntimeNode(), await createTensorSession(device, bytes, options), device, options.profile !== undefined);
