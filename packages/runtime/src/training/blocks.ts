// Training with weights, gradients and moments as flat blocks in a card's memory. Only inputs, losses and the numbers of a step are
// transferred.
import { type Tensor } from '@styleforge/autodiff';
import { emitOnnx, type OnnxModel, weightInput } from '@styleforge/onnx';
import { type CudaEngine } from '../devices/cuda-engine.ts';
import { ownKernelsOf } from '../devices/own-kernels.ts';
import { type ParameterBuffers } from '../kernels/parameter-buffers.ts';
import { type AdamWStep } from '../optimizers/adamw.ts';
import { type BlockRunner, engineOf, openBlockRunner } from '../programs/block-runner.ts';
import { type HostArray, refusal, withinMemory } from '../programs/session.ts';
import { type BackendOptions, GRADIENT_PREFIX, NoGradientsError, type TrainingBackend } from './backend.ts';
import { BlockOptimizer } from './block-optimizer.ts';
import { DeviceBlocks } from './device-blocks.ts';

type Options = BackendOptions<'blocks'>;

function emit({ graph, outputs, gradients, gradientPrecision, compile, device }: Options): OnnxModel {
  const named: Record<string, Tensor> = Object.fromEntries(
    Object.entries(gradients).map(([name, value]) => [GRADIENT_PREFIX + name, value]),
  );
  return emitOnnx(graph, { ...outputs, ...named }, device.target, {
    hidesShapes: compile.keepMemory === false,
    mixedPrecision: compile.mixedPrecision,
    halfWeights: device.precisions.halfWeights,
    ownKernels: ownKernelsOf(device, compile),
    float16: gradientPrecision === 'float16' ? Object.keys(named) : [],
  });
}

/** A moving average of the weights: the host's buffers, and the blocks on the card. */
interface Average {
  readonly host: ParameterBuffers;
  readonly device: DeviceBlocks;
}

export class BlockTraining implements TrainingBackend {
  readonly #options: Options;
  readonly #engine: CudaEngine;
  readonly #model: OnnxModel;
  readonly #runner: BlockRunner;
  readonly #optimizer: BlockOptimizer;
  readonly #weights: DeviceBlocks;
  /** The weights as float16, if the pass reads any in float16. */
  readonly #copies: DeviceBlocks | null;
  /** Gradients of the last pass. */
  readonly #gradients: DeviceBlocks;
  /** The sum of gradients, from the second pass on. */
  #total: DeviceBlocks | null = null;
  #average: Average | null = null;
  #sumIn: 'nowhere' | 'last pass' | 'total' = 'nowhere';
  #isPlaced = false;

  private constructor(options: Options, engine: CudaEngine, model: OnnxModel, runner: BlockRunner) {
    this.#options = options;
    this.#engine = engine;
    this.#model = model;
    this.#runner = runner;
    this.#weights = new DeviceBlocks(engine, options.weights);
    const hasCopies = options.weights.specs.some(({ name }) => model.weights.get(name)?.includes('float16'));
    this.#copies = hasCopies ? new DeviceBlocks(engine, options.weights, 'float16') : null;
    this.#gradients = new DeviceBlocks(engine, options.weights, options.gradientPrecision);
    this.#optimizer = new BlockOptimizer(engine, options.weights, options.optimizer);
  }

  static async create(options: Options): Promise<BlockTraining> {
    const { device, compile } = options;
    const engine = engineOf(device);
    const model = emit(options);
    const runner = openBlockRunner(engine, device, model, compile, 'beforehand');
    try {
      return engine.runtime.orRelease(() => {
        const training = new BlockTraining(options, engine, model, runner);
        training.#attach();
        return training;
      });
    } catch (error) {
      await runner.release();
      throw refusal(device, error);
    }
  }

  /** Binds weights and gradients as views of the blocks. */
  #attach(): void {
    const { inputs, inputNames, outputNames, outputTensors } = this.#model;
    const { weights, gradients, gradientPrecision, frozen } = this.#options;
    const shapes = new Map(inputNames.map((name, i) => [name, inputs[i].shape]));
    for (const { name } of weights.specs) {
      for (const precision of this.#model.weights.get(name) ?? []) {
        const { address, bytes } = (precision === 'float16' ? this.#copies! : this.#weights).viewOf(name);
        this.#runner.attach('input', weightInput(name, precision), address, bytes, precision, shapes.get(name)!);
      }
    }
    for (const name of Object.keys(gradients)) {
      const key = GRADIENT_PREFIX + name;
      const { address, bytes } = this.#gradients.viewOf(name);
      this.#runner.attach('output', outputNames[key], address, bytes, gradientPrecision, outputTensors[key].shape);
    }
    for (const [name, data] of frozen) if (shapes.has(name)) this.#runner.bind(name, data, shapes.get(name)!);
  }

  backward(feeds: Readonly<Record<string, HostArray>>): Promise<Record<string, Float32Array>> {
    return withinMemory(this.#options.device, () => this.#backward(feeds));
  }

  async #backward(feeds: Readonly<Record<string, HostArray>>): Promise<Record<string, Float32Array>> {
    const { inputs, inputNames, outputNames, outputTensors } = this.#model;
    this.#place();
    if (this.#sumIn === 'last pass') this.#moveToTotal();
    inputNames.forEach((name, i) => {
      if (Object.hasOwn(feeds, name)) this.#runner.feed(name, feeds[name], inputs[i].shape);
    });
    const results = Object.keys(this.#options.outputs).map((name) => {
      const { shape } = outputTensors[name];
      const array = new Float32Array(shape.reduce((product, dimension) => product * dimension, 1));
      this.#runner.output(outputNames[name], array, shape);
      return [name, array] as const;
    });
    await this.#runner.run();
    if (this.#sumIn === 'total') this.#addTo(this.#total!, this.#gradients);
    else this.#sumIn = 'last pass';
    return Object.fromEntries(results);
  }

  /** Copies the weights to the card before the first pass. They are filled after the training was created. */
  #place(): void {
    if (this.#isPlaced) return;
    this.#weights.upload(this.#options.weights.blocks);
    this.#copies?.narrow(this.#weights);
    this.#optimizer.place();
    this.#isPlaced = true;
  }

  #addTo(sums: DeviceBlocks, gradients: DeviceBlocks): void {
    gradients.gradientBlocks.forEach((block, i) => this.#engine.kernels.add(sums.addresses[i], block));
  }

  /** Moves the gradients into the total, so that more can be added. */
  #moveToTotal(): DeviceBlocks {
    this.#total ??= new DeviceBlocks(this.#engine, this.#options.weights);
    if (this.#sumIn === 'total') return this.#total;
    this.#total.clear();
    if (this.#sumIn === 'last pass') this.#addTo(this.#total, this.#gradients);
    this.#sumIn = 'total';
    return this.#total;
  }

  get #sum(): DeviceBlocks {
    if (this.#sumIn === 'nowhere') throw new NoGradientsError();
    return this.#sumIn === 'total' ? this.#total! : this.#gradients;
  }

  async gradientNorm(): Promise<number> {
    const sum = await withinMemory(this.#options.device, () => this.#engine.kernels.sumOfSquares(this.#sum.gradientBlocks));
    return Math.sqrt(sum);
  }

  async readGradients(): Promise<ParameterBuffers> {
    if (this.#sumIn === 'nowhere') throw new NoGradientsError();
    const copy = this.#options.weights.alike();
    this.#moveToTotal().download(copy.blocks);
    await this.#engine.runtime.synchronize();
    return copy;
  }

  addGradients(gradients: ParameterBuffers): Promise<void> {
    return withinMemory(this.#options.device, () => this.#addGradients(gradients));
  }

  async #addGradients(gradients: ParameterBuffers): Promise<void> {
    const further = new DeviceBlocks(this.#engine, this.#options.weights);
    further.upload(gradients.blocks);
    this.#addTo(this.#moveToTotal(), further);
    await this.#engine.runtime.synchronize();
    further.release();
  }

  async update(step: AdamWStep): Promise<void> {
    this.#place();
    await this.#optimizer.apply({ weights: this.#weights, copies: this.#copies }, this.#sum, step);
    this.discardGradients();
  }

  discardGradients(): void {
    this.#sumIn = 'nowhere';
  }

  async moveAverage(average: ParameterBuffers, share: number): Promise<void> {
    this.#place();
    const { device } = await withinMemory(this.#options.device, async () => this.#averageFor(average));
    const blocks = this.#options.weights.blocks;
    blocks.forEach(({ length }, i) => this.#engine.kernels.moveTowards(device.addresses[i], this.#weights.addresses[i], length, share));
    await this.#engine.runtime.synchronize();
  }

  #averageFor(host: ParameterBuffers): Average {
    if (this.#average?.host === host) return this.#average;
    this.#average?.device.release();
    this.#average = null;
    this.#average = { host, device: new DeviceBlocks(this.#engine, this.#options.weights) };
    this.#average.device.upload(host.blocks);
    return this.#average;
  }

  async download(): Promise<void> {
    if (!this.#isPlaced) return;
    this.#weights.download(this.#options.weights.blocks);
    this.#optimizer.download();
    this.#average?.device.download(this.#average.host.blocks);
    await this.#engine.runtime.synchronize();
  }

  async release(): Promise<void> {
    await this.#runner.release();
    for (const blocks of [this.#weights, this.#copies, this.#gradients, this.#total, this.#average?.device, this.#optimizer])
      blocks?.release();
  }
}
