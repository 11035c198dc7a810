// Pivotal tuning: new rows of the token table and a LoRA train together; the words select the style and the LoRA produces it.
import { join } from 'node:path';
import { type PivotalTuningAdaptation } from '@styleforge/contracts';
import { writeAdaptation } from '@styleforge/weights';
import { type Adaptation, type AdaptationInputs } from './adaptation.ts';
import { componentRates } from './component-rates.ts';
import { addLowRank, initializeLora, isLowRank, LORA_FILE, loraLayers, targets, writeLoraFiles } from './lora.ts';
import { writeMerged } from './merged.ts';
import { initializeRows, isNewRows, learnedRows, newTokens, withNewRows } from './new-tokens.ts';
import { writeEmbeddingFiles } from './textual-inversion.ts';

export function pivotalTuningAdaptation({ model, hyperparameters, tokens }: AdaptationInputs, config: PivotalTuningAdaptation): Adaptation {
  const added = newTokens(model, tokens, config.vectors, config.initial_word);
  const settings = { ...config, textEncoder: hyperparameters.train_text_encoder };
  const write: Adaptation['write'] = async (directory, trained, { baseModelDirectory, final }) => {
    await writeLoraFiles(directory, loraLayers(trained, config), model);
    const files = [LORA_FILE, ...(await writeEmbeddingFiles(directory, learnedRows(trained, added)))];
    const { kind, merged, ...trainedWith } = config;
    await writeAdaptation(directory, { kind, files, settings: { ...trainedWith, tokens, text_encoder: settings.textEncoder } });
    const adapters = files.map((file) => ({ path: join(directory, file), strength: 1 }));
    if (merged && final) await writeMerged(join(directory, 'merged'), baseModelDirectory, adapters);
  };
  return {
    kind: config.kind,
    trainsText: true,
    tokens: added.tokens,
    adapter: {
      weight: (graph, name, shape) => withNewRows(graph, name, shape, added.rows),
      layer: (graph, layer) => (targets(layer.name, settings) ? addLowRank(graph, layer, settings) : layer.output),
    },
    ratesOf: (name) => (isNewRows(name) || isLowRank(name) ? componentRates(name, hyperparameters) : null),
    initialize: async (trained) => {
      initializeLora(trained, config.rank, hyperparameters.seed);
      await initializeRows(trained, model, added);
    },
    write,
  };
}
