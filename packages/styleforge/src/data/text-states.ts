// Conditions of frozen text encoders for all prompts, computed once; afterwards the encoders are released.
import { ModelPrograms, weightsOf } from '@styleforge/diffusion';
import { type DeviceName } from '@styleforge/runtime';
import { componentOf } from '@styleforge/weights';
import { type TrainableModel } from '../model/model.ts';

/** Encodes rows of ids for each text encoder as conditions, with one row for every prompt. */
export async function frozenTextStates(
  { networks, tokenizers, folder }: TrainableModel,
  inputIds: readonly Int32Array[],
  device?: DeviceName,
): Promise<Readonly<Record<string, Float32Array>>> {
  const conditions: Record<string, Float32Array> = {};
  for (const [i, encoder] of networks.textEncoders.entries()) {
    const tokens = encoder.model.config.max_position_embeddings;
    const programs = new ModelPrograms(weightsOf(componentOf(folder, encoder.component)), { device });
    try {
      const texts = inputIds[i].length / tokens;
      const program = await programs.program('encode', (graph) => encoder.encode(graph, encoder.inputs(graph, texts, tokens)));
      Object.assign(conditions, await program.run(encoder.feeds(inputIds[i], tokens, tokenizers[i].endId)));
    } finally {
      await programs.release();
    }
  }
  return conditions;
}
