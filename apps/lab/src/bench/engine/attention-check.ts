// Checks that a card's kernels for the gradient of attention match the processor's graph, for each supported head size.
import { Graph, type Tensor } from '@styleforge/autodiff';
import { type CompileOptions, type ParameterBuffers, splitParameters, TrainingProgram } from '@styleforge/runtime';

/** Head sizes, and sequence lengths that do not fill a tile. */
const SIZES = [40, 64, 80];
const [BATCH, HEADS, QUERIES, KEYS] = [2, 2, 300, 77];

async function gradientsOf(size: number, compile: CompileOptions): Promise<ParameterBuffers> {
  const graph = new Graph();
  const part = (name: string, length: number): Tensor => graph.parameter(name, [BATCH, length, HEADS * size]);
  const out = graph.attention(part('q', QUERIES), part('k', KEYS), part('v', KEYS), { heads: HEADS, scale: 1 / Math.sqrt(size) });
  const { trainable } = splitParameters(graph, new Set(graph.parameters.keys()));
  for (const [i, { name }] of trainable.specs.entries()) {
    const values = trainable.get(name);
    for (let at = 0; at < values.length; at++) values[at] = (Math.sin(1 + at * (0.7 + 0.1 * i)) * 43758.5453) % 1;
  }
  const loss = graph.reduceMean(graph.square(out), [0, 1, 2]);
  const adamw = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  const program = await TrainingProgram.create({ graph, loss, outputs: {}, trainable, adamw, compile });
  await program.backward({});
  const gradients = await program.readGradients();
  const scale = program.lossScale?.value ?? 1;
  await program.release();
  for (const [, values] of gradients.entries()) values.forEach((value, at) => (values[at] = value / scale));
  return gradients;
}

/** Largest relative difference of a gradient from the processor's, by head size. */
export async function attentionDistances(compile: CompileOptions): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const size of SIZES) {
    const [own, expected] = [await gradientsOf(size, compile), await gradientsOf(size, {})];
    const distances = [...expected.entries()].map(([name, values]) => {
      const difference = values.reduce((sum, value, at) => sum + (value - own.get(name)[at]) ** 2, 0);
      return Math.sqrt(difference / values.reduce((sum, value) => sum + value ** 2, 0));
    });
    found[`heads_of_${size}`] = Math.max(...distances);
  }
  return found;
}
