// Float16 weights on a card in mixed precision, compared with casts in the graph, on a simulated card that runs the engine's kernels on
// the processor. onnxruntime's processor provider skips the cast of a weight that it widens again, so only numbers that float16 can
// represent are compared bit by bit.
import { Graph } from '@styleforge/autodiff';
import { AdamW, type DeviceName, ParameterBuffers, Program, splitParameters, TrainingProgram } from '@styleforge/runtime';
import { warnNotTested } from '@styleforge/testing';
import { describe, expect, it } from 'vitest';
import { BlockOptimizer } from '../src/training/block-optimizer.ts';
import { DeviceBlocks } from '../src/training/device-blocks.ts';
import { FakeCard, missingCard } from './fake-card/fake-card.ts';
import { distance, trained, type TrainedOptions } from './small-training.ts';

const adamw = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
const rates = { learningRate: 1e-2, weightDecay: 1e-2, maxGradNorm: 0.5 };

/** The simulated card as a device: with float16 weights, or with casts in the graph. */
function on(card: FakeCard, halfWeights = true): DeviceName {
  const device = card.device();
  return { ...device, precisions: { ...device.precisions, halfWeights } } as unknown as DeviceName;
}

/** Rounds as onnxruntime's Cast does. */
async function rounded(values: Float32Array): Promise<Uint16Array> {
  const graph = new Graph();
  const program = await Program.compile(graph, { y: graph.mul(graph.input('x', [values.length]), 1) }, {}, ['y']);
  const bits = new Uint16Array(values.length);
  await program.bindOutputs([['y', bits]]).run({ x: values });
  await program.release();
  return bits;
}

const numbers = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1 + i) * 10 ** ((i % 13) - 8))
    .fill(1e6, 5, 6)
    .fill(-0, 7, 8);

describe.skipIf(warnNotTested('float16 weights on a simulated card', missingCard))('the kernels of a card', () => {
  it.each(['float32', 'bfloat16'] as const)('update float16 copies together with the weights: %s moments', async (momentPrecision) => {
    const engine = new FakeCard().engine();
    const weights = new ParameterBuffers([
      { name: 'a', shape: [5000] },
      { name: 'b', shape: [3, 7] },
    ]);
    for (const [, values] of weights.entries()) values.set(numbers(values.length));
    const optimizer = new BlockOptimizer(engine, weights, new AdamW(weights, { ...adamw, momentPrecision }));
    const [place, gradients, copies] = [
      new DeviceBlocks(engine, weights),
      new DeviceBlocks(engine, weights),
      new DeviceBlocks(engine, weights, 'float16'),
    ];
    place.upload(weights.blocks);
    gradients.upload(weights.blocks);
    optimizer.place();
    copies.narrow(place);
    const bits = new Uint16Array(weights.blocks[0].length);
    copies.download([bits]);
    expect(bits).toEqual(await rounded(weights.blocks[0]));
    await optimizer.apply({ weights: place, copies }, gradients, { learningRate: 1e-2, weightDecay: 1e-2, gradientScale: 0.5 });
    const before = bits.slice();
    place.download(weights.blocks);
    copies.download([bits]);
    expect(bits).toEqual(await rounded(weights.blocks[0]));
    expect(bits).not.toEqual(before);
    [place, gradients, copies, optimizer].forEach((owner) => owner.release());
  });
});

describe.skipIf(warnNotTested('float16 weights on a simulated card', missingCard))('a training in mixed precision', () => {
  const scale = 2 ** 12;

  it.each<[string, TrainedOptions]>([
    ['all weights', {}],
    ['some that do not train', { trainable: ['conv', 'linear'] }],
    ['float16 gradients', { gradientPrecision: 'float16' }],
    ['shapes that are hidden', { keepMemory: false }],
  ])('gives the same results as casts in the graph: %s', async (_name, options) => {
    const wanted = { mixedPrecision: true, isCoarse: true, ...options };
    const half = await trained({ ...wanted, device: on(new FakeCard()) }, 2, scale);
    const cast = await trained({ ...wanted, device: on(new FakeCard(), false) }, 2, scale);
    expect(half.losses.at(-1)).toBeLessThan(half.losses[0]);
    // both passes of the first update
    expect(half.losses.slice(0, 2)).toEqual(cast.losses.slice(0, 2));
    expect(half.norms[0]).toBe(cast.norms[0]);
    for (const [i, loss] of cast.losses.entries()) expect(Math.abs(half.losses[i] / loss - 1)).toBeLessThan(2e-3);
    expect(distance(half.weights, cast.weights)).toBeLessThan(1e-3);
  });

  /** mean(gelu(y w' + b)^2) with y = x frozen' */
  async function training(device: DeviceName, trainable?: ParameterBuffers): Promise<TrainingProgram<'loss'>> {
    const graph = new Graph();
    const y = graph.linear(graph.input('x', [4, 64]), graph.parameter('frozen', [64, 64]));
    const loss = graph.reduceMean(
      graph.square(graph.gelu(graph.linear(y, graph.parameter('w', [64, 64]), graph.parameter('b', [64])))),
      [0, 1],
    );
    const split = splitParameters(graph, new Set(['w', 'b']));
    for (const buffers of [split.trainable, split.frozen])
      for (const [, values] of buffers.entries()) values.forEach((_, i) => (values[i] = 0.2 * Math.sin(1 + i)));
    const weights = trainable ?? split.trainable;
    const frozen = split.frozen.entries();
    return TrainingProgram.create({
      graph,
      loss,
      outputs: { loss },
      trainable: weights,
      frozen,
      adamw,
      compile: { device, mixedPrecision: true },
    });
  }

  const x = Float32Array.from({ length: 256 }, (_, i) => Math.cos(i));
  async function step(program: TrainingProgram<'loss'>): Promise<number> {
    const { loss } = await program.backward({ x });
    await program.update(rates);
    return loss[0];
  }

  it('stores weights that do not train as float16 only', async () => {
    const taken = async (halfWeights: boolean): Promise<number> => {
      const card = new FakeCard();
      const before = card.counts.usedBytes;
      const program = await training(on(card, halfWeights));
      await step(program);
      const used = card.counts.usedBytes - before;
      await program.release();
      return used;
    };
    const [weight, unit] = [64 * 64, 4096];
    // `frozen` in two bytes instead of four; `w` and `b` in two bytes more
    expect((await taken(true)) - (await taken(false))).toBe(-2 * weight + Math.ceil((2 * (weight + 64)) / unit) * unit);
  });

  it('continues from downloaded weights, which are float32, and creates the copies again', async () => {
    const whole = await training(on(new FakeCard()));
    const expected: number[] = [];
    for (let i = 0; i < 6; i++) expected.push(await step(whole));
    const first = await training(on(new FakeCard()));
    const losses: number[] = [];
    for (let i = 0; i < 3; i++) losses.push(await step(first));
    await first.download();
    const second = await training(on(new FakeCard()), first.weights);
    second.optimizer.follow(first.optimizer);
    for (let i = 0; i < 3; i++) losses.push(await step(second));
    expect(losses).toEqual(expected);
    for (const program of [whole, first, second]) await program.release();
  });

  it('launches one additional kernel at the start, and none in a step', async () => {
    const card = new FakeCard();
    const program = await training(on(card));
    await program.backward({ x });
    // the copies of all weights that train, and of the one that does not
    expect(card.counts.launches).toBe(2);
    await program.update(rates);
    const { launches } = card.counts;
    await step(program);
    // three for the norm, and the update
    expect(card.counts.launches - launches).toBe(4);
    await program.release();
  });
});

describe.skipIf(warnNotTested('float16 weights on a simulated card', missingCard))('a program in mixed precision', () => {
  it('stores its weights as float16, and copies them again after they have changed', async () => {
    const card = new FakeCard();
    const graph = new Graph();
    const y = graph.linear(graph.input('x', [2, 64]), graph.parameter('w', [64, 64]));
    const w = new Float32Array(4096).fill(1 / 3);
    const program = await Program.compile(graph, { y }, { device: on(card), mixedPrecision: true });
    program.bind([['w', w]]);
    const before = card.counts.usedBytes;
    const feeds = { x: new Float32Array(128).fill(1) };
    const first = (await program.run(feeds)).y[0];
    // the buffer that was needed is released; x and y take a page each
    expect(card.counts.usedBytes - before).toBeLessThanOrEqual(2 * 4096);
    w.fill(1);
    expect((await program.run(feeds)).y[0]).toBe(first);
    program.refresh();
    expect((await program.run(feeds)).y[0]).toBe(64);
    expect(Math.abs(first - 64 / 3)).toBeLessThan(0.01);
    await program.release();
  });

  it('copies weights in parts if they are larger than its buffer', async () => {
    const card = new FakeCard();
    const graph = new Graph();
    const size = 2 ** 24 + 3 * 2 ** 12;
    const table = graph.parameter('w', [size / 4096, 4096]);
    const y = graph.linear(graph.input('x', [1, 4096]), table);
    const w = Float32Array.from({ length: size }, (_, i) => (Math.floor(i / 4096) % 7) / 4096);
    const program = await Program.compile(graph, { y }, { device: on(card), mixedPrecision: true });
    program.bind([['w', w]]);
    const { y: rows } = await program.run({ x: new Float32Array(4096).fill(1) });
    expect(rows).toEqual(Float32Array.from({ length: size / 4096 }, (_, i) => i % 7));
    await program.release();
  });
});
