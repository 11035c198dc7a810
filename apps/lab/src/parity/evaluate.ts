// Runs a graph once with weights from a file.
import { type Graph, type Tensor } from '@styleforge/autodiff';
import { Program, type HostArray } from '@styleforge/runtime';
import { type TensorReader } from '@styleforge/weights';

export async function evaluate<Outputs extends string>(
  graph: Graph,
  outputs: Record<Outputs, Tensor>,
  weights: TensorReader,
  feeds: Record<string, HostArray>,
): Promise<Record<Outputs, Float32Array>> {
  const program = await Program.compile(graph, outputs);
  try {
    for (const name of graph.parameters.keys()) program.bind([[name, await weights.read(name)]]);
    return await program.run(feeds);
  } finally {
    await program.release();
  }
}
