// Prompt states of a frozen text encoder, computed once.
import { ModelPrograms, weightsOf } from '@styleforge/diffusion';
import { type DeviceName } from '@styleforge/runtime';
import { type TrainableModel } from './model.ts';

/** inputIds [prompts, tokens] -> [prompts, tokens, features] */
export async function frozenTextStates(model: TrainableModel, inputIds: Int32Array, device?: DeviceName): Promise<Float32Array> {
  const tokens = model.textEncoder.config.max_position_embeddings;
  const programs = new ModelPrograms(weightsOf(model.folder.textEncoder), { device });
  try {
    const program = await programs.program('encode', (graph) => ({
      states: model.textEncoder.forward(graph, graph.input('input_ids', [inputIds.length / tokens, tokens], 'int32')),
    }));
    return (await program.run({ input_ids: inputIds })).states;
  } finally {
    await programs.release();
  }
}
