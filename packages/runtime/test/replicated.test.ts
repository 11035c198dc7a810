// One training on several devices: two replicas against one that accumulates the same passes.
import { Graph } from '@styleforge/autodiff';
import { ReplicatedTraining, splitParameters, TrainingProgram } from '@styleforge/runtime';
import { expect, it } from 'vitest';

const wave = (length: number, frequency: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => 0.3 * Math.sin(1 + i * frequency));
const rates = { learningRate: 1e-2, weightDecay: 1e-2, maxGradNorm: 0.5 };

async function training(): Promise<TrainingProgram<'loss'>> {
  const graph = new Graph();
  const hidden = graph.silu(graph.linear(graph.input('x', [4, 8]), graph.parameter('a', [16, 8]), graph.parameter('bias', [16])));
  const out = graph.linear(hidden, graph.parameter('b', [3, 16]));
  const loss = graph.reduceMean(graph.square(graph.sub(out, graph.input('target', [4, 3]))), [0, 1]);
  const { trainable } = splitParameters(graph, new Set(graph.parameters.keys()));
  for (const [i, [, values]] of [...trainable.entries()].entries()) values.set(wave(values.length, 0.7 + 0.1 * i));
  return TrainingProgram.create({ graph, loss, outputs: { loss }, trainable, adamw: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } });
}

/** Feeds of a pass, whichever replica makes it. */
const feeds = (pass: number): Record<string, Float32Array> => ({ x: wave(32, 0.3 + 0.07 * pass), target: wave(12, 0.9 + 0.01 * pass) });

it('equals one device with accumulation within 1e-6, and keeps replicas equal to the bit', async () => {
  const [one, ...replicas] = [await training(), await training(), await training()];
  const two = new ReplicatedTraining(replicas);
  for (let step = 0; step < 10; step++) {
    const losses: number[] = [];
    for (const pass of [2 * step, 2 * step + 1]) losses.push((await one.backward(feeds(pass))).loss[0]);
    const results = await two.backward([feeds(2 * step), feeds(2 * step + 1)]);
    results.forEach(({ loss }, i) => expect(Math.abs(loss[0] / losses[i] - 1)).toBeLessThan(1e-6));
    const [expected, update] = [await one.update(rates), await two.update(rates)];
    expect(Math.abs(update.gradNorm / expected.gradNorm - 1)).toBeLessThan(1e-6);
  }
  await two.download();
  for (const { name } of one.weights.specs) {
    expect(replicas[1].weights.get(name)).toEqual(replicas[0].weights.get(name));
    replicas[0].weights.get(name).forEach((value, i) => expect(Math.abs(value - one.weights.get(name)[i])).toBeLessThan(1e-6));
  }
  await Promise.all([one.release(), two.release()]);
});

it('takes a last round of fewer passes than replicas, and refuses more', async () => {
  const [one, ...replicas] = [await training(), await training(), await training()];
  const two = new ReplicatedTraining(replicas);
  for (const pass of [0, 1, 2]) await one.backward(feeds(pass));
  await two.backward([feeds(0), feeds(1)]);
  await two.backward([feeds(2)]);
  const [expected, update] = [await one.update(rates), await two.update(rates)];
  expect(Math.abs(update.gradNorm / expected.gradNorm - 1)).toBeLessThan(1e-6);
  await expect(two.update(rates)).rejects.toThrow('update() needs a backward() first');
  await expect(two.backward([0, 1, 2].map(feeds))).rejects.toThrow('3 passes at once need as many replicas; there are 2');
  await Promise.all([one.release(), two.release()]);
});
