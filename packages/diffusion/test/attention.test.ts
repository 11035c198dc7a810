// Attention that is too large to keep its scores has the values and gradients of the plain formula.
import { Graph, gradients, type Tensor } from '@styleforge/autodiff';
import { Program } from '@styleforge/runtime';
import { expect, it } from 'vitest';
import { multiHeadAttention } from '../src/nn/attention.ts';
import { randomNormals } from '../src/random.ts';

const [length, heads, depth] = [2900, 2, 4];

function writtenOut(graph: Graph, q: Tensor, k: Tensor, v: Tensor): Tensor {
  const outputs = Array.from({ length: heads }, (_, head) => {
    const [query, key, value] = [q, k, v].map((x) => graph.slice(x, 2, head * depth, (head + 1) * depth));
    return graph.matmul(graph.softmax(graph.matmul(query, key, { transposeB: true, alpha: depth ** -0.5 })), value);
  });
  return graph.concat(outputs, 2);
}

async function valuesAndGradients(build: typeof writtenOut): Promise<Record<string, Float32Array>> {
  const graph = new Graph({ keptScores: 2 ** 20 });
  const operands = ['q', 'k', 'v'].map((name) => graph.input(name, [1, length, heads * depth]));
  const output = build(graph, operands[0], operands[1], operands[2]);
  const loss = graph.reduceSum(graph.mul(output, graph.input('dy', output.shape)), [0, 1, 2]);
  const [dq, dk, dv] = gradients(graph, loss, operands);
  const program = await Program.compile(graph, { output, dq, dk, dv });
  const feeds = Object.fromEntries(
    ['q', 'k', 'v', 'dy'].map((purpose) => [purpose, randomNormals({ seed: 1, step: 0, purpose }, length * heads * depth)]),
  );
  const results = await program.run(feeds);
  await program.release();
  return results;
}

it('equals the plain formula, over several groups of heads', async () => {
  const [fused, reference] = [
    await valuesAndGradients((graph, q, k, v) => multiHeadAttention(graph, q, k, v, heads)),
    await valuesAndGradients(writtenOut),
  ];
  for (const name of ['output', 'dq', 'dk', 'dv']) {
    const scale = Math.max(...reference[name].map(Math.abs));
    const worst = reference[name].reduce((most, value, i) => Math.max(most, Math.abs(value - fused[name][i])), 0);
    expect(worst / scale, name).toBeLessThan(1e-5);
  }
});
