// Training of some weights: the others are only read and do not change.
import { Graph } from '@styleforge/autodiff';
import { ParameterBuffers, splitParameters, TrainingProgram } from '@styleforge/runtime';
import { expect, it } from 'vitest';
import { trained } from './small-training.ts';

const adamw = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** y = b (a x): one parameter before and one after. */
function chain(): { graph: Graph; loss: ReturnType<Graph['parameter']> } {
  const graph = new Graph();
  const hidden = graph.linear(graph.input('x', [2, 4]), graph.parameter('a', [4, 4]));
  return { graph, loss: graph.reduceMean(graph.square(graph.linear(hidden, graph.parameter('b', [4, 4]))), [0, 1]) };
}

it('trains only the named weights, from the same loss', async () => {
  const [some, all] = [await trained({ trainable: ['down'] }, 2), await trained({}, 2)];
  expect(some.weights.specs.map(({ name }) => name)).toEqual(['down']);
  expect(some.losses[0]).toBe(all.losses[0]);
  expect(some.losses.at(-1)).toBeLessThan(some.losses[0]);
});

it('computes no gradient of frozen weights', async () => {
  const { graph, loss } = chain();
  const { trainable, frozen } = splitParameters(graph, new Set(['b']));
  for (const [, values] of [...trainable.entries(), ...frozen.entries()]) values.fill(0.5);
  const before = graph.nodes.length;
  const program = await TrainingProgram.create({ graph, loss, outputs: {}, trainable, frozen: frozen.entries(), adamw });
  expect(graph.nodes.slice(before).some(({ inputs }) => inputs.includes(graph.parameters.get('a')!))).toBe(false);
  expect(program.optimizer.firstMoment.specs.map(({ name }) => name)).toEqual(['b']);
  await program.backward({ x: new Float32Array(8).fill(1) });
  await program.update({ learningRate: 0.1, weightDecay: 0, maxGradNorm: null });
  expect(trainable.get('b')[0]).toBeCloseTo(0.4, 5);
  expect(frozen.get('a')).toEqual(new Float32Array(16).fill(0.5));
  await program.release();
});

it('names a weight that is neither trained nor given, one that is both, and one that the graph does not have', async () => {
  const { graph, loss } = chain();
  const trainable = new ParameterBuffers([{ name: 'a', shape: [4, 4] }]);
  const create = (more: object): Promise<unknown> => TrainingProgram.create({ graph, loss, outputs: {}, trainable, adamw, ...more });
  await expect(create({})).rejects.toThrow("parameter 'b' of the graph is neither trainable nor frozen");
  const both = [['a', new Float32Array(16)] as const, ['b', new Float32Array(16)] as const];
  await expect(create({ frozen: both })).rejects.toThrow("parameter 'a' is both trainable and frozen");
  expect(() => splitParameters(graph, new Set(['c']))).toThrow("the graph has no parameter 'c'");
});

it('refuses other buffers in the memory of frozen weights', () => {
  expect(() => ParameterBuffers.frozen([{ name: 'a', shape: [4] }]).beside(Float32Array)).toThrow('this memory has room for 1 buffer');
});
