// One training on several devices: two replicas against one that accumulates the same passes.
import { Graph } from '@styleforge/autodiff';
import { type DeviceName, splitParameters, TrainingProgram } from '@styleforge/runtime';
import { warnNotTested } from '@styleforge/testing';
import { describe, expect, it } from 'vitest';
import { cuda } from '../src/devices/cuda.ts';
import { FakeCard, missingCard } from './fake-card/fake-card.ts';

const wave = (length: number, frequency: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => 0.3 * Math.sin(1 + i * frequency));
const rates = { learningRate: 1e-2, weightDecay: 1e-2, maxGradNorm: 0.5 };

type Training = TrainingProgram<'loss'>;
type Kept = { momentPrecision?: 'float32' | 'bfloat16'; gradientPrecision?: 'float32' | 'float16' };

async function training(device: DeviceName = 'cpu', replicas: readonly DeviceName[] = [], kept: Kept = {}): Promise<Training> {
  const graph = new Graph();
  const hidden = graph.silu(graph.linear(graph.input('x', [4, 8]), graph.parameter('a', [16, 8]), graph.parameter('bias', [16])));
  const out = graph.linear(hidden, graph.parameter('b', [3, 16]));
  const loss = graph.reduceMean(graph.square(graph.sub(out, graph.input('target', [4, 3]))), [0, 1]);
  const { trainable } = splitParameters(graph, new Set(graph.parameters.keys()));
  const { momentPrecision = 'float32', gradientPrecision } = kept;
  const adamw = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, momentPrecision };
  const program = await TrainingProgram.create({
    ...{ graph, loss, outputs: { loss }, trainable, adamw, replicas, gradientPrecision },
    compile: { device },
  });
  for (const [i, [, values]] of [...trainable.entries()].entries()) values.set(wave(values.length, 0.7 + 0.1 * i));
  return program;
}

/** Feeds of a pass, whichever replica makes it. */
const feeds = (pass: number): Record<string, Float32Array> => ({ x: wave(32, 0.3 + 0.07 * pass), target: wave(12, 0.9 + 0.01 * pass) });

/** Passes at the same time, one for each replica. */
const together = (program: Training, passes: readonly number[]): Promise<{ loss: Float32Array }[]> =>
  Promise.all(passes.map((pass, replica) => program.backward(feeds(pass), { replica })));

function expectClose(a: Training, b: Training): void {
  for (const { name } of a.weights.specs)
    a.weights.get(name).forEach((value, i) => expect(Math.abs(value - b.weights.get(name)[i])).toBeLessThan(1e-6));
}

async function tenSteps(one: Training, two: Training): Promise<void> {
  for (let step = 0; step < 10; step++) {
    const losses: number[] = [];
    for (const pass of [2 * step, 2 * step + 1]) losses.push((await one.backward(feeds(pass))).loss[0]);
    const results = await together(two, [2 * step, 2 * step + 1]);
    results.forEach(({ loss }, i) => expect(Math.abs(loss[0] / losses[i] - 1)).toBeLessThan(1e-6));
    const [expected, update] = [await one.update(rates), await two.update(rates)];
    expect(Math.abs(update.gradNorm / expected.gradNorm - 1)).toBeLessThan(1e-6);
  }
  await Promise.all([one.download(), two.download()]);
}

it('equals one device with accumulation within 1e-6', async () => {
  const [one, two] = [await training(), await training('cpu', ['cpu'])];
  expect([one.replicas, two.replicas]).toEqual([1, 2]);
  await tenSteps(one, two);
  expectClose(one, two);
  // every replica has made the same updates: a pass gives the same loss on each
  const [first, second] = await together(two, [30, 30]);
  expect(second.loss).toEqual(first.loss);
  await Promise.all([one.release(), two.release()]);
});

it('starts every replica from the state that the first one has resumed', async () => {
  const [one, two] = [await training(), await training('cpu', ['cpu'])];
  for (const program of [one, two]) {
    program.weights.get('bias').fill(0.5);
    program.optimizer.step = 3;
    program.optimizer.firstMoment.blocks.forEach((block) => block.fill(0.01));
  }
  await tenSteps(one, two);
  expectClose(one, two);
  expect(two.optimizer.step).toBe(13);
  await Promise.all([one.release(), two.release()]);
});

it('accepts a last round with fewer passes than replicas, and gradients from elsewhere, and refuses an unknown replica', async () => {
  const [one, two] = [await training(), await training('cpu', ['cpu'])];
  for (const pass of [0, 1, 2]) await one.backward(feeds(pass));
  await together(two, [0, 1]);
  await together(two, [2]);
  const elsewhere = await one.readGradients();
  await one.addGradients(elsewhere);
  await two.addGradients(elsewhere);
  const [expected, update] = [await one.update(rates), await two.update(rates)];
  expect(Math.abs(update.gradNorm / expected.gradNorm - 1)).toBeLessThan(1e-6);
  await expect(two.update(rates)).rejects.toThrow('update() needs a backward() first');
  await expect(two.readGradients()).rejects.toThrow('they exist between backward() and update()');
  await expect(two.backward(feeds(0), { replica: 2 })).rejects.toThrow('there is no replica 2; there are 2');
  await Promise.all([one.release(), two.release()]);
});

describe.skipIf(warnNotTested('one training on two simulated cards', missingCard))('two cards', () => {
  function twoCards(): DeviceName[] {
    const card = new FakeCard({ cards: 2 });
    return [0, 1].map((index) => {
      const engine = card.engine(index);
      return { ...cuda(index), engine: () => engine } as unknown as DeviceName;
    });
  }

  it.each<[string, Kept]>([
    ['float32', {}],
    ['bfloat16 moments and float16 gradients', { momentPrecision: 'bfloat16', gradientPrecision: 'float16' }],
  ])('run one training, each in its own memory: %s', async (_name, kept) => {
    const [first, second] = twoCards();
    const [one, two] = [await training(first, [], kept), await training(first, [second], kept)];
    await tenSteps(one, two);
    expectClose(one, two);
    const [a, b] = await together(two, [30, 30]);
    expect(b.loss).toEqual(a.loss);
    await Promise.all([one.release(), two.release()]);
  });

  it('run one job each, in turns in one process', async () => {
    const [first, second] = await Promise.all(twoCards().map((device) => training(device)));
    for (let step = 0; step < 3; step++) {
      for (const program of [first, second]) await program.backward(feeds(step));
      for (const program of [second, first]) await program.update(rates);
    }
    await Promise.all([first.download(), second.download()]);
    expectClose(first, second);
    await Promise.all([first.release(), second.release()]);
  });
});
