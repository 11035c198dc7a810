// Full fine-tuning: every weight of the U-Net trains, and of the text encoder on request. A checkpoint is a whole diffusers folder.
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ParameterBuffers } from '@styleforge/runtime';
import { readDiffusersFolder, singleFileObstacle, writeDiffusersFolder, writeSingleFile, type TensorEntry } from '@styleforge/weights';
import { loadTrainableWeights } from '../model.ts';
import { componentOf } from '../parameter-names.ts';
import { type Adaptation, type AdaptationInputs, type WrittenFiles } from './adaptation.ts';
import { componentRates } from './component-rates.ts';

/** The whole model as ComfyUI and A1111 read it. */
export const SINGLE_FILE = join('single-file', 'model.safetensors');

function* entriesOf(buffers: ParameterBuffers, component: string): Generator<TensorEntry> {
  for (const { name, shape } of buffers.specs) {
    if (componentOf(name) === component) yield { name: name.slice(component.length + 1), shape: [...shape], data: buffers.get(name) };
  }
}

/** Weights are float32: what a resumed run reads is bit for bit what this run holds. */
async function write(directory: string, trained: ParameterBuffers, { baseModelDirectory, final }: WrittenFiles): Promise<void> {
  const components = [...new Set(trained.specs.map(({ name }) => componentOf(name)))];
  await writeDiffusersFolder(
    directory,
    {
      base: baseModelDirectory,
      components: Object.fromEntries(components.map((component) => [component, { weights: entriesOf(trained, component) }])),
    },
    { dtype: 'F32' },
  );
  if (!final || (await singleFileObstacle(directory)) !== null) return;
  await mkdir(dirname(join(directory, SINGLE_FILE)));
  await writeSingleFile(join(directory, SINGLE_FILE), directory);
}

export function fullAdaptation({ model, hyperparameters }: AdaptationInputs): Adaptation {
  return {
    kind: 'full',
    trainsText: hyperparameters.train_text_encoder,
    ratesOf: (name) => componentRates(name, hyperparameters),
    initialize: (trained) => loadTrainableWeights(model.folder, trained),
    write,
    restore: async (directory, trained) => loadTrainableWeights(await readDiffusersFolder(directory), trained),
  };
}
