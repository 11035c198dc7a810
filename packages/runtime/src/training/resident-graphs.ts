// Graphs that read and write weights, moments and gradients in the device's memory, one group of parameters at a time.
import { Graph, type Tensor } from '@styleforge/autodiff';
import { type ParameterSpec } from '../kernels/parameter-buffers.ts';
import { type AdamWOptions } from '../optimizers/adamw.ts';

export const KINDS = ['weight', 'first', 'second'] as const;

export interface GraphParts {
  readonly graph: Graph;
  readonly outputs: Record<string, Tensor>;
}

/** A graph that returns its inputs, to copy values to the device. */
export function passingOn(values: readonly ParameterSpec[]): GraphParts {
  const graph = new Graph();
  return { graph, outputs: Object.fromEntries(values.map(({ name, shape }) => [name, graph.stopGradient(graph.input(name, shape))])) };
}

/** Specs of weights and moments under their names on the device. */
export const stateSpecs = (specs: readonly ParameterSpec[]): ParameterSpec[] =>
  specs.flatMap(({ name, shape }) => KINDS.map((kind) => ({ name: `${kind}:${name}`, shape })));

export function sumOfSquares(specs: readonly ParameterSpec[]): GraphParts {
  const graph = new Graph();
  const sums = specs.map(({ name, shape }) =>
    graph.reduceSum(
      graph.square(graph.input(name, shape)),
      shape.map((_, axis) => axis),
    ),
  );
  return { graph, outputs: { sum: sums.reduce((total, sum) => graph.add(total, sum)) } };
}

export function addition(specs: readonly ParameterSpec[]): GraphParts {
  const graph = new Graph();
  return {
    graph,
    outputs: Object.fromEntries(
      specs.map(({ name, shape }) => [name, graph.add(graph.input(`sum:${name}`, shape), graph.input(name, shape))]),
    ),
  };
}

/** A graph with AdamW's update, in the same order of operations as optimizers/adamw-kernel.ts. */
export function adamWUpdate(specs: readonly ParameterSpec[], { beta1, beta2, epsilon, ratesOf }: AdamWOptions): GraphParts {
  const graph = new Graph();
  const [gradientScale, decayRate, learningRate, stepSize, secondCorrection] = [
    'gradientScale',
    'decayRate',
    'learningRate',
    'stepSize',
    'secondCorrection',
  ].map((name) => graph.input(name, []));
  const outputs = Object.fromEntries(
    specs.flatMap(({ name, shape }) => {
      const [w, m, v] = KINDS.map((kind) => graph.input(`${kind}:${name}`, shape));
      const g = graph.mul(graph.input(name, shape), gradientScale);
      const first = graph.add(m, graph.mul(graph.sub(g, m), 1 - beta1));
      const second = graph.add(graph.mul(v, beta2), graph.mul(graph.square(g), 1 - beta2));
      const deviation = graph.add(graph.mul(graph.sqrt(second), secondCorrection), epsilon);
      const { learningRateScale: scale = 1, weightDecay } = ratesOf?.(name) ?? {};
      const decay = weightDecay === undefined ? graph.mul(decayRate, scale) : graph.mul(learningRate, weightDecay * scale);
      const weight = graph.sub(graph.mul(w, graph.sub(1, decay)), graph.mul(graph.div(first, deviation), graph.mul(stepSize, scale)));
      return [
        [`weight:${name}`, weight],
        [`first:${name}`, first],
        [`second:${name}`, second],
      ] as const;
    }),
  );
  return { graph, outputs };
}
