// Training and programs on a simulated card, which runs the engine's own kernels on the processor. Everything except onnxruntime's CUDA
// provider and the driver is the code that drives a real card. The tests show nothing about speed, or about the numbers that cuDNN and
// cuBLAS compute.
import { Graph } from '@styleforge/autodiff';
import {
  AdamW,
  type AdamWOptions,
  type DeviceName,
  ParameterBuffers,
  Program,
  splitParameters,
  TrainingProgram,
} from '@styleforge/runtime';
import { warnNotTested } from '@styleforge/testing';
import { describe, expect, it } from 'vitest';
import { type CudaEngine } from '../src/devices/cuda-engine.ts';
import { moveTowards } from '../src/optimizers/moving-average.ts';
import { BlockOptimizer } from '../src/training/block-optimizer.ts';
import { DeviceBlocks } from '../src/training/device-blocks.ts';
import { type CardTraits, FakeCard, missingCard } from './fake-card/fake-card.ts';
import { distance, trained } from './small-training.ts';

const specs = [
  { name: 'a', shape: [5000] },
  { name: 'b', shape: [3, 7] },
  { name: 'c', shape: [100] },
];
const wave = (i: number, frequency: number): number => 0.3 * Math.sin(1 + i * frequency);
const floatOf = (half: number): number => ((half & 0x8000) === 0 ? 1 : -1) * 2 ** (((half >> 10) & 31) - 25) * (1024 + (half & 1023));

/** The simulated card under the name of a device. Its state is that of the last card created. */
const named = (card: FakeCard): DeviceName => card.device() as unknown as DeviceName;

interface Case {
  readonly options: Partial<AdamWOptions>;
  readonly half: boolean;
}

/** Three updates of the same weights and gradients by the processor's and by the card's kernels. */
async function updates(engine: CudaEngine, { options, half }: Case): Promise<{ readonly host: Uint8Array[]; readonly card: Uint8Array[] }> {
  const make = () => {
    const weights = new ParameterBuffers(specs);
    for (const [, values] of weights.entries()) values.forEach((_, i) => (values[i] = wave(i, 0.7)));
    const optimizer = new AdamW(weights, { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, ...options });
    return { weights, optimizer, gradients: half ? weights.beside(Uint16Array) : weights.beside(Float32Array) };
  };
  const [host, card] = [make(), make()];
  const device = {
    weights: new DeviceBlocks(engine, card.weights),
    gradients: new DeviceBlocks(engine, card.weights, half ? 'float16' : 'float32'),
  };
  const optimizer = new BlockOptimizer(engine, card.weights, card.optimizer);
  device.weights.upload(card.weights.blocks);
  optimizer.place();
  for (let step = 1; step <= 3; step++) {
    for (const { gradients } of [host, card]) {
      for (const [, values] of gradients.entries())
        values.forEach((_, i) => (values[i] = half ? 0x2000 + ((13 * i * step) % 0x1000) + 0x8000 * (i % 2) : wave(i, 0.3 * step)));
    }
    const rates = { learningRate: 1e-2, weightDecay: 1e-2, gradientScale: 0.5 };
    host.optimizer.apply(host.gradients, rates);
    device.gradients.upload(card.gradients.blocks);
    await optimizer.apply({ weights: device.weights, copies: null }, device.gradients, rates);
  }
  device.weights.download(card.weights.blocks);
  optimizer.download();
  await engine.runtime.synchronize();
  [device.weights, device.gradients, optimizer].forEach((owner) => owner.release());
  const bytes = ({ weights, optimizer: { firstMoment, secondMoment } }: ReturnType<typeof make>): Uint8Array[] =>
    [weights.blocks, firstMoment.blocks, secondMoment.blocks]
      .flat()
      .map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength).slice());
  return { host: bytes(host), card: bytes(card) };
}

describe.skipIf(warnNotTested('training on a simulated card', missingCard))('the kernels of a card', () => {
  const ratesOf: AdamWOptions['ratesOf'] = (name) => (name === 'b' ? { learningRateScale: 3, weightDecay: 0.5 } : {});

  it.each<[string, Case]>([
    ['float32', { options: {}, half: false }],
    ['rates of single parameters', { options: { ratesOf }, half: false }],
    ['bfloat16 moments', { options: { momentPrecision: 'bfloat16' }, half: false }],
    ['float16 gradients', { options: {}, half: true }],
    ['float16 gradients, bfloat16 moments and rates', { options: { momentPrecision: 'bfloat16', ratesOf }, half: true }],
  ])('update weights bit-identically to the processor: %s', async (_name, options) => {
    const { host, card } = await updates(new FakeCard().engine(), options);
    expect(host[0].some((byte) => byte !== 0)).toBe(true);
    expect(card).toEqual(host);
  });

  it('sum squares over blocks, and report values that are not finite', async () => {
    const { kernels, runtime } = new FakeCard().engine();
    const count = 300_016;
    const values = Float32Array.from({ length: count }, (_, i) => wave(i, 0.1));
    const halves = Uint16Array.from({ length: 32 }, (_, i) => 0x3000 + 31 * i + 0x8000 * (i % 2));
    const [memory, half] = [runtime.allocate(4 * count), runtime.allocate(64)];
    runtime.upload(values, memory.handle);
    runtime.upload(halves, half.handle);
    const blocks = [
      { address: memory.handle, count, isHalf: false },
      { address: half.handle, count: 32, isHalf: true },
    ];
    const expected = values.reduce((sum, value) => sum + value ** 2, 0) + halves.reduce((sum, value) => sum + floatOf(value) ** 2, 0);
    expect((await kernels.sumOfSquares(blocks)) / expected).toBeCloseTo(1, 12);
    for (const bad of [Infinity, NaN]) {
      values[count - 1] = bad;
      runtime.upload(values, memory.handle);
      expect(await kernels.sumOfSquares(blocks)).toBe(bad);
    }
    [memory, half].forEach((owned) => owned.release());
  });
});

describe.skipIf(warnNotTested('training on a simulated card', missingCard))('training on a card', () => {
  it.each([
    ['float32', {}],
    [
      'rates, and weights that do not train',
      {
        trainable: ['conv', 'down', 'linear'],
        ratesOf: (name: string) => (name === 'linear' ? { learningRateScale: 2, weightDecay: 0.5 } : {}),
      },
    ],
    ['shapes that are hidden', { keepMemory: false }],
    ['float16 gradients', { gradientPrecision: 'float16' as const }],
  ])('equals the processor after ten updates of two passes each: %s', async (_name, options) => {
    const scale = 'gradientPrecision' in options ? 2 ** 12 : undefined;
    const [host, card] = [await trained(options, 2, scale), await trained({ ...options, device: named(new FakeCard()) }, 2, scale)];
    expect(host.losses.at(-1)).toBeLessThan(host.losses[0]);
    for (const [i, loss] of host.losses.entries()) expect(Math.abs(card.losses[i] / loss - 1)).toBeLessThan(1e-4);
    for (const [i, norm] of host.norms.entries()) expect(Math.abs(card.norms[i] / norm - 1)).toBeLessThan(1e-4);
    expect(distance(host.weights, card.weights)).toBeLessThan(1e-4);
  });

  it('lowers the loss scale after gradients have overflowed, and repeats the step', async () => {
    const lowered = await trained({ gradientPrecision: 'float16', device: named(new FakeCard()) }, 2, 2 ** 24);
    expect(lowered.overflows).toBeGreaterThan(0);
    expect(lowered.norms).toHaveLength(10);
  });

  it('gives bit-identical results when it is repeated', async () => {
    const [first, second] = [await trained({ device: named(new FakeCard()) }, 2), await trained({ device: named(new FakeCard()) }, 2)];
    expect(distance(first.weights, second.weights)).toBe(0);
    expect(second.norms).toEqual(first.norms);
  });
});

/** loss = mean((w x)^2) */
async function training(device: DeviceName): Promise<TrainingProgram<never>> {
  const graph = new Graph();
  const y = graph.linear(graph.input('x', [2, 4]), graph.parameter('w', [3, 4]));
  const { trainable } = splitParameters(graph, new Set(['w']));
  trainable.get('w').set(Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)));
  const loss = graph.reduceMean(graph.square(y), [0, 1]);
  return TrainingProgram.create({
    graph,
    loss,
    outputs: {},
    trainable,
    adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    compile: { device },
  });
}
const x = Float32Array.from({ length: 8 }, (_, i) => Math.cos(i));
const rates = { learningRate: 0.1, weightDecay: 0, maxGradNorm: 0.01 };

describe.skipIf(warnNotTested('training on a simulated card', missingCard))('transfer to and from a card', () => {
  it('consists of the inputs, the losses and the numbers of a step, and nothing is allocated after the first step', async () => {
    const card = new FakeCard();
    const program = await training(named(card));
    const step = async (): Promise<void> => {
      await program.backward({ x });
      await program.update(rates);
    };
    await step();
    const before = card.counts;
    await step();
    const after = card.counts;
    const difference = (name: keyof typeof after): number => after[name] - before[name];
    expect(difference('allocations')).toBe(0);
    // x, eight numbers for all parameters, and two for the only parameter
    expect([difference('uploads'), difference('uploadedBytes')]).toEqual([2, x.byteLength + 4 * (8 + 2)]);
    // the sum of squares
    expect([difference('downloads'), difference('downloadedBytes')]).toEqual([1, 8]);
    // one update, and three launches for the norm
    expect(difference('launches')).toBe(4);
    await program.download();
    expect(card.counts.downloads - after.downloads).toBe(3);
    await program.release();
  });

  it('uses memory that is released with the training', async () => {
    const card = new FakeCard();
    const device = named(card);
    const used: number[] = [];
    for (let round = 0; round < 3; round++) {
      const program = await training(device);
      await program.backward({ x });
      await program.update(rates);
      await program.release();
      used.push(card.counts.usedBytes);
    }
    expect(new Set(used).size).toBe(1);
  });

  it('includes an average of the weights, which is downloaded with them', async () => {
    const program = await training(named(new FakeCard()));
    const average = program.weights.beside(Float32Array);
    average.copyFrom(program.weights);
    const expected = program.weights.copy();
    const beside = expected.beside(Float32Array);
    for (let step = 1; step <= 3; step++) {
      await program.backward({ x });
      await program.update(rates);
      await program.moveAverage(average, 0.25);
      await program.download();
      beside.copyFrom(program.weights);
      moveTowards(expected, beside, 0.25);
    }
    expect(average.get('w')).toEqual(expected.get('w'));
    expect(average.get('w')).not.toEqual(program.weights.get('w'));
    await program.release();
  });

  it('sends weights once for a program that generates images', async () => {
    const card = new FakeCard();
    const graph = new Graph();
    const product = graph.linear(graph.input('x', [2, 4]), graph.parameter('w', [3, 4]));
    const program = await Program.compile(graph, { product }, { device: named(card) });
    const w = new Float32Array(12).fill(1);
    program.bind([['w', w]]);
    const first = await program.run({ x: new Float32Array(8).fill(1) });
    const before = card.counts;
    const second = await program.run({ x: new Float32Array(8).fill(2) });
    expect(card.counts.uploadedBytes - before.uploadedBytes).toBe(32);
    w.fill(2);
    program.refresh();
    const third = await program.run({ x: new Float32Array(8).fill(1) });
    expect([first, second, third].map((results) => results.product[0])).toEqual([4, 8, 8]);
    await expect(program.run({})).rejects.toThrow("the program's input 'x' is not fed");
    await program.release();
  });
});

describe.skipIf(warnNotTested('training on a simulated card', missingCard))('a card', () => {
  it('reports that its memory is too small', async () => {
    const card = new FakeCard({ bytes: 2 ** 22 });
    const device = named(card);
    const small = await training(device);
    await small.backward({ x });
    await small.release();
    const graph = new Graph();
    const weight = graph.parameter('w', [2048, 2048]);
    const { trainable } = splitParameters(graph, new Set(['w']));
    const loss = graph.reduceMean(graph.square(weight), [0, 1]);
    const created = TrainingProgram.create({
      graph,
      loss,
      outputs: {},
      trainable,
      adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
      compile: { device },
    });
    const before = card.counts.usedBytes;
    await expect(created).rejects.toThrow(/out of memory: 16 MiB are needed, \d of the card's \d+ MiB are free/);
    expect(card.counts.usedBytes).toBe(before);
  });

  it.each<[string, CardTraits, string]>([
    ['is too new for the provider', { capability: 100 }, 'First Card has compute capability 10.0, and onnxruntime'],
    ['is too old for the provider', { capability: 70 }, 'First Card has compute capability 7.0, and onnxruntime'],
    [
      'has a driver of CUDA 11',
      { driver: 11040, failure: 35 },
      "NVIDIA's driver runs CUDA 11.4, and the installed provider needs CUDA 12: install driver 525",
    ],
    ['has a driver of another version than the kernel', { failure: 803 }, 'restart the machine'],
    ['waits for its fabric manager', { failure: 802 }, 'start nvidia-fabricmanager'],
    ['fails otherwise', { failure: 999 }, 'cudaGetDeviceCount failed: failed (CUDA error 999)'],
  ])('is refused with a remedy if it %s', (_what, traits, message) => {
    expect(() => new FakeCard({ traits }).engine()).toThrow(message);
  });

  it('reports its name, capability, memory and CUDA versions', () => {
    const card = new FakeCard({ cards: 2, bytes: 2 ** 30 });
    expect(card.engine(1).runtime.facts).toMatchObject({
      ...{ name: 'Second Card', capability: 90, versions: { driver: 12000, runtime: 12000 } },
      memory: { free: expect.any(Number), total: expect.any(Number) },
    });
  });

  it('is named in the error if it does not exist', () => {
    const card = new FakeCard({ cards: 2 });
    expect(() => card.engine(2)).toThrow('there is no card 2: this machine has 2');
    expect(() => new FakeCard({ cards: 0 }).engine()).toThrow("NVIDIA's driver sees no card: start the container with --gpus all");
  });
});
