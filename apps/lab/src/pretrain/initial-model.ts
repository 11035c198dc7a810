// Loads the weights of a model of the same shape as the start of another training.
import { type ParameterBuffers } from '@styleforge/runtime';
import { prefixOf } from '@styleforge/styleforge';
import { componentOf, readDiffusersFolder, type TensorReader } from '@styleforge/weights';
import { textEncoderConfig } from './geometry.ts';
import { type CaptionVocabulary } from './vocabulary.ts';

async function readPart(
  reader: TensorReader,
  weights: ParameterBuffers,
  prefix: string,
  targetOf: (name: string) => Float32Array,
): Promise<void> {
  try {
    for (const { name } of weights.specs) if (name.startsWith(prefix)) await reader.readInto(name.slice(prefix.length), targetOf(name));
  } finally {
    await reader.close();
  }
}

/** Takes only the vocabulary's rows of the token table. Throws if a tensor is missing or has another size. */
export async function readInitialModel(directory: string, weights: ParameterBuffers, vocabulary: CaptionVocabulary): Promise<void> {
  const folder = await readDiffusersFolder(directory);
  await readPart(await componentOf(folder, 'unet').openWeights(), weights, prefixOf('unet'), (name) => weights.get(name));
  const table = new Float32Array(textEncoderConfig.vocab_size * textEncoderConfig.hidden_size);
  await readPart(await componentOf(folder, 'text_encoder').openWeights(), weights, prefixOf('text_encoder'), (name) =>
    name === vocabulary.tableName ? table : weights.get(name),
  );
  vocabulary.fill(weights, table);
}
