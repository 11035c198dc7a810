// Prompt states of a frozen text encoder, computed once.
import { ModelPrograms, weightsOf } from '@styleforge/diffusion';
import { type TrainableModel } from './model.ts';

/** inputIds [prompts, tokens] -> [prompts, tokens, features] */
export async function frozenTextStates(model: TrainableModel, inputIds: Int32Array): Promise<Float32Array> {
  const tokens = model.textEncoder.config.max_position_embeddings;
  const programs = new ModelPrograms(weightsOf(model.folder.textEncoder), {});
  try {
    const program = await programs.program('encode', (graph) => ({
      states: model.textEncoder.forward(graph, graph.input('input_ids', [inputIds.length / tokens, tokens], 'int32')),
    }));
    return (await program.run({ input_ids: inputIds })).states;
  } finally {
    await programs.release();
  }
}
