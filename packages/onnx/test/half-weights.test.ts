// Weights that a model reads as float16 and that a device stores as float16: the model contains no cast of a weight.
import { gradients, Graph, type Tensor } from '@styleforge/autodiff';
import { describe, expect, it } from 'vitest';
import { type EmitOptions, writeModel } from '../src/emit.ts';

const options: EmitOptions = { mixedPrecision: true, halfWeights: true };

interface Written {
  /** Inputs with their types: 1 is float32, 10 float16. */
  readonly inputs: Readonly<Record<string, number | undefined>>;
  readonly weights: Readonly<Record<string, readonly string[]>>;
  /** Inputs of the model's casts. */
  readonly casts: readonly string[];
}

function written(graph: Graph, outputs: Readonly<Record<string, Tensor>>, further: EmitOptions = options): Written {
  const { builder, emission } = writeModel(graph, outputs, 'cuda', further);
  const { graph: model } = builder.finish();
  const typeOf = ({ type }: (typeof model.input)[number]): number | undefined =>
    type?.value.case === 'tensorType' ? type.value.value.elemType : undefined;
  return {
    inputs: Object.fromEntries(model.input.map((input) => [input.name!, typeOf(input)])),
    weights: Object.fromEntries(emission.weights),
    casts: model.node.filter(({ opType }) => opType === 'Cast').map(({ input }) => input[0]),
  };
}

describe('weights in mixed precision', () => {
  it('are float16 inputs if all their readers are float16, and float32 inputs otherwise', () => {
    const graph = new Graph();
    const [product, table] = [graph.parameter('product', [8, 8]), graph.parameter('table', [4, 8])];
    const y = graph.linear(graph.gather(table, graph.input('ids', [2], 'int32')), product);
    expect(written(graph, { y })).toMatchObject({
      inputs: { 'half:product': 10, table: 1 },
      weights: { product: ['float16'], table: ['float32'] },
    });
  });

  it('are inputs in both precisions if their readers differ', () => {
    const graph = new Graph();
    const weight = graph.parameter('w', [8, 8]);
    const y = graph.linear(graph.input('x', [2, 8]), weight);
    const model = written(graph, { y, penalty: graph.reduceSum(graph.exp(weight), [0, 1]) });
    expect(model.inputs).toMatchObject({ w: 1, 'half:w': 10 });
    expect(model.weights).toEqual({ w: ['float16', 'float32'] });
    expect(model.casts).not.toContain('w');
  });

  it('are float32 if they are outputs', () => {
    const graph = new Graph();
    const weight = graph.parameter('w', [8, 8]);
    expect(written(graph, { weight: graph.reshape(weight, [64]) }).weights).toEqual({ w: ['float32'] });
  });

  it('are reshaped as float16, without a cast afterwards', () => {
    const graph = new Graph();
    const flat = graph.reshape(graph.parameter('w', [4, 16]), [8, 8]);
    const model = written(graph, {
      y: graph.mul(graph.linear(graph.input('x', [2, 8]), flat), graph.transpose(graph.parameter('s', [8, 2]), [1, 0])),
    });
    expect(model.inputs).toMatchObject({ 'half:w': 10, 'half:s': 10 });
    // the input alone
    expect(model.casts).toHaveLength(1 + 1);
  });

  it('have float32 gradients without casts if they are trained', () => {
    const graph = new Graph();
    const [weight, bias] = [graph.parameter('w', [8, 8]), graph.parameter('b', [8])];
    const y = graph.gelu(graph.linear(graph.input('x', [2, 8]), weight, bias));
    const [dw, db] = gradients(graph, graph.reduceMean(graph.square(y), [0, 1]), [weight, bias]);
    const model = written(graph, { dw, db });
    expect(model.weights).toEqual({ w: ['float16'], b: ['float16'] });
    expect(model.casts.filter((name) => /^(half:)?[wb]$/.test(name))).toEqual([]);
  });

  it.each([
    ['without mixed precision', { halfWeights: true }],
    ['where the device stores no float16 weights', { mixedPrecision: true }],
  ])('are float32 inputs %s', (_when, further) => {
    const graph = new Graph();
    const y = graph.linear(graph.input('x', [2, 8]), graph.parameter('w', [8, 8]));
    expect(written(graph, { y }, further)).toMatchObject({ inputs: { x: 1, w: 1 }, weights: { w: ['float32'] } });
  });
});
