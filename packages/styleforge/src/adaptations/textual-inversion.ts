// Textual Inversion (arXiv 2208.01618): nothing of the model trains but a few new rows of the token table.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TextualInversionAdaptation } from '@styleforge/contracts';
import { writeAdaptation, writeEmbParams, writeLearnedRows } from '@styleforge/weights';
import { type Adaptation, type AdaptationInputs } from './adaptation.ts';
import { writeMerged } from './merged.ts';
import { initializeRows, isNewRows, learnedRows, newTokens, withNewRows } from './new-tokens.ts';

/** diffusers' file; with several tokens the others are numbered. */
const fileOf = (index: number): string => (index === 0 ? 'learned_embeds.safetensors' : `learned_embeds-${index + 1}.safetensors`);

export function textualInversionAdaptation({ model, tokens }: AdaptationInputs, config: TextualInversionAdaptation): Adaptation {
  const added = newTokens(model, tokens, config.vectors, config.initial_word);
  return {
    kind: config.kind,
    trainsText: true,
    tokens: added.tokens,
    adapter: { weight: (graph, name, shape) => withNewRows(graph, name, shape, added.rows) },
    ratesOf: (name) => (isNewRows(name) ? {} : null),
    initialize: (trained) => initializeRows(trained, model, added),
    write: async (directory, trained, { baseModelDirectory, final }) => {
      await mkdir(join(directory, 'a1111'), { recursive: true });
      const learned = learnedRows(trained, added);
      for (const [index, rows] of learned.entries()) {
        await writeLearnedRows(join(directory, fileOf(index)), rows);
        await writeEmbParams(join(directory, 'a1111'), rows);
      }
      const { kind, merged, ...settings } = config;
      const files = learned.map((_, index) => fileOf(index));
      await writeAdaptation(directory, { kind, files, settings: { ...settings, tokens } });
      const adapters = files.map((file) => ({ path: join(directory, file), strength: 1 }));
      if (merged && final) await writeMerged(join(directory, 'merged'), baseModelDirectory, adapters);
    },
  };
}
