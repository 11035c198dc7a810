// Nodes with several results, and values with custom gradients.
import { Graph, gradients, softmaxProduct } from '@styleforge/autodiff';
import { describe, expect, it } from 'vitest';

describe('nodes with several results', () => {
  it('have a type for each result, all of the same node', () => {
    const graph = new Graph();
    const [value, deviation] = graph.applyAll('standardize', [graph.input('x', [2, 8])], { epsilon: 1e-5 });
    expect([value.shape, deviation.shape]).toEqual([
      [2, 8],
      [2, 1],
    ]);
    expect(graph.nodeOf(deviation)).toBe(graph.nodeOf(value));
  });

  it('return a gradient through the first result only', () => {
    const graph = new Graph();
    const x = graph.input('x', [2, 8]);
    const [, deviation] = graph.applyAll('standardize', [x], { epsilon: 1e-5 });
    expect(() => gradients(graph, graph.reduceSum(deviation, [0, 1]), [x])).toThrow(
      "only the first result of 'standardize' has a gradient",
    );
  });

  it('keep the gradient of attention as one operation', () => {
    const graph = new Graph();
    const [q, k, v] = ['q', 'k', 'v'].map((name) => graph.input(name, [1, 4, 6]));
    const loss = graph.reduceSum(graph.attention(q, k, v, { heads: 2, scale: 1 }), [0, 1, 2]);
    const found = gradients(graph, loss, [q, k, v]);
    expect(found.map((gradient) => graph.nodeOf(gradient).kind)).toEqual(['attentionGradient', 'attentionGradient', 'attentionGradient']);
    expect(new Set(found.map((gradient) => graph.nodeOf(gradient))).size).toBe(1);
  });
});

describe('a custom gradient', () => {
  it('replaces the gradients of the operations between its operands and the value', () => {
    const graph = new Graph();
    const x = graph.input('x', [3]);
    const value = graph.withOwnGradient(graph.exp(graph.sin(x)), {
      operands: [x],
      saved: [],
      rule: ({ graph: same, dy, needs }) => [needs[0] ? same.mul(dy, 42) : null],
    });
    const before = graph.nodes.length;
    gradients(graph, graph.reduceSum(value, [0]), [x]);
    const kinds = graph.nodes.slice(before).map(({ kind }) => kind);
    expect(kinds).toContain('mul');
    expect(kinds).not.toContain('cos');
  });

  it('reads recomputed values if its segment is recomputed', () => {
    const graph = new Graph({ recompute: true });
    const x = graph.input('x', [2, 3, 4]);
    const y = graph.recomputed(() => softmaxProduct(graph, graph.silu(x), graph.input('values', [2, 4, 5])));
    gradients(graph, graph.reduceSum(y, [0, 1, 2]), [x]);
    expect(graph.nodes.filter(({ kind }) => kind === 'softmax')).toHaveLength(2);
  });

  it('refuses a tensor of another graph', () => {
    const [graph, other] = [new Graph(), new Graph()];
    const [x, foreign] = [graph.input('x', [3]), other.exp(other.input('x', [3]))];
    const rule = (): null[] => [null];
    expect(() => graph.withOwnGradient(graph.exp(x), { operands: [foreign], saved: [], rule })).toThrow('another graph');
  });
});
