// Full fine-tuning: every weight of the U-Net trains, and of the text encoder on request. A checkpoint is a whole diffusers folder.
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ComponentName } from '@styleforge/model-files';
import { type ParameterBuffers } from '@styleforge/runtime';
import {
  componentOf as componentOfFolder,
  readDiffusersFolder,
  singleFileObstacle,
  writeDiffusersFolder,
  writeSingleFile,
  type TensorEntry,
  type TensorReader,
} from '@styleforge/weights';
import { smallestGraphs } from '../model/check-model.ts';
import { loadTrainableWeights, type TrainableModel } from '../model/model.ts';
import { componentOf } from '../model/parameter-names.ts';
import { type Adaptation, type AdaptationInputs, type WrittenFiles } from './adaptation.ts';
import { componentRates } from './component-rates.ts';

/** The whole model in the format of ComfyUI and A1111. */
export const SINGLE_FILE = join('single-file', 'model.safetensors');

function* entriesOf(buffers: ParameterBuffers, component: string): Generator<TensorEntry> {
  for (const { name, shape } of buffers.specs) {
    if (componentOf(name) === component) yield { name: name.slice(component.length + 1), shape: [...shape], data: buffers.get(name) };
  }
}

/** Tensors of a component that no loss reaches; they are copied unchanged. */
function* untrained(reader: TensorReader, known: ReadonlySet<string>, wanted: Iterable<string>): Generator<TensorEntry> {
  for (const name of wanted) {
    if (!known.has(name) && reader.has(name)) yield { name, shape: reader.info(name).shape, data: () => reader.read(name) };
  }
}

/** Writes weights as float32, so that a resumed run reads them bit-identically. */
async function write(
  model: TrainableModel,
  directory: string,
  trained: ParameterBuffers,
  { baseModelDirectory, final }: WrittenFiles,
): Promise<void> {
  const graphs = smallestGraphs(model.networks);
  const readers: TensorReader[] = [];
  const components: Record<string, { weights: TensorEntry[] }> = {};
  try {
    for (const component of new Set(trained.specs.map(({ name }) => componentOf(name)))) {
      const entries = [...entriesOf(trained, component)];
      const reader = await componentOfFolder(model.folder, component).openWeights();
      readers.push(reader);
      const wanted = graphs.get(component as ComponentName)?.parameters.keys() ?? [];
      components[component] = { weights: [...entries, ...untrained(reader, new Set(entries.map(({ name }) => name)), wanted)] };
    }
    await writeDiffusersFolder(directory, { base: baseModelDirectory, components }, { dtype: 'F32' });
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
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
    write: (directory, trained, files) => write(model, directory, trained, files),
    restore: async (directory, trained) => loadTrainableWeights(await readDiffusersFolder(directory), trained),
  };
}
