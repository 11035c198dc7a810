// Textual Inversion (arXiv 2208.01618): only a few new rows of the token table train.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type TextualInversionAdaptation } from '@styleforge/contracts';
import { writeAdaptation, writeEmbParams, writeLearnedRows } from '@styleforge/weights';
import { type Adaptation, type AdaptationInputs } from './adaptation.ts';
import { writeMerged } from './merged.ts';
import { initializeRows, isNewRows, type LearnedToken, learnedRows, newTokens, withNewRows } from './new-tokens.ts';

/** Writes the layouts of diffusers, A1111 and ComfyUI; returns the names of diffusers' files. */
export async function writeEmbeddingFiles(directory: string, learned: readonly LearnedToken[]): Promise<string[]> {
  await mkdir(join(directory, 'a1111'), { recursive: true });
  const files: string[] = [];
  for (const [index, { rows }] of learned.entries()) {
    for (const [encoder, ofEncoder] of [...rows.values()].entries()) {
      files.push(fileOf(index, encoder));
      await writeLearnedRows(join(directory, fileOf(index, encoder)), ofEncoder);
    }
    await writeEmbParams(join(directory, 'a1111'), [...rows.values()]);
  }
  return files;
}

/** Name of diffusers' file: `_2` stands for the second text encoder; further tokens are numbered. */
const fileOf = (index: number, encoder: number): string =>
  `learned_embeds${encoder === 0 ? '' : `_${encoder + 1}`}${index === 0 ? '' : `-${index + 1}`}.safetensors`;

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
      const files = await writeEmbeddingFiles(directory, learnedRows(trained, added));
      const { kind, merged, ...settings } = config;
      await writeAdaptation(directory, { kind, files, settings: { ...settings, tokens } });
      const adapters = files.map((file) => ({ path: join(directory, file), strength: 1 }));
      if (merged && final) await writeMerged(join(directory, 'merged'), baseModelDirectory, adapters);
    },
  };
}
