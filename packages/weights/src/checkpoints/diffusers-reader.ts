// Reads a checkpoint in the diffusers folder layout: configs immediately, weights on request.
import { join } from 'node:path';
import {
  currentNames,
  exists,
  familyOf,
  ModelFileError,
  readJson,
  type ComponentFiles,
  type ComponentName,
  type FamilyFiles,
  type JsonObject,
  type NetworkKind,
} from '@styleforge/model-files';
import { type AppliedBranch } from '../adaptations/branches.ts';
import { RenamedTensorReader } from '../tensors/key-names.ts';
import { openTensors } from '../tensors/open-tensors.ts';
import { type TensorReader } from '../tensors/tensor-reader.ts';

export interface DiffusersComponent {
  name: ComponentName;
  network: NetworkKind;
  config: JsonObject;
  weightsPath: string;
  /** Opens the weights under current names. The caller closes the reader. */
  openWeights(): Promise<TensorReader>;
  /** Residual adapters of its layers. */
  branches?: readonly AppliedBranch[];
}

/** Words beyond a tokenizer's vocabulary, and the ids of their rows in the token table. */
export type AddedTokens = readonly { readonly text: string; readonly ids: readonly number[] }[];

export interface DiffusersFolder {
  directory: string;
  family: FamilyFiles;
  modelIndex: JsonObject;
  components: readonly DiffusersComponent[];
  schedulerConfig: JsonObject;
  /** Words by the text encoder that has their rows. */
  addedTokens?: Readonly<Partial<Record<ComponentName, AddedTokens>>>;
  /** The folder below all adapters, if there are any. */
  withoutAdapters?: DiffusersFolder;
}

/** The folder's component of this name. Throws if there is none. */
export function componentOf({ directory, components }: DiffusersFolder, name: string): DiffusersComponent {
  const found = components.find((component) => component.name === name);
  if (!found) throw new ModelFileError(directory, `contains no ${name}`);
  return found;
}

const weightsStem: Record<NetworkKind, string> = {
  unet: 'diffusion_pytorch_model',
  autoencoder: 'diffusion_pytorch_model',
  'text-encoder': 'model',
};

/** Names of possible weight files: first the full-precision file, then its variants, each in one file or in shards. */
export function weightsFileNames(network: NetworkKind): string[] {
  const stem = weightsStem[network];
  const names = [`${stem}.safetensors`, `${stem}.safetensors.index.json`];
  for (const variant of ['fp16', 'bf16']) {
    names.push(`${stem}.${variant}.safetensors`, `${stem}.safetensors.index.${variant}.json`);
  }
  return names;
}

async function findWeights(directory: string, { name: folder, network }: ComponentFiles): Promise<string> {
  for (const name of weightsFileNames(network)) {
    const path = join(directory, folder, name);
    if (await exists(path)) return path;
  }
  throw new ModelFileError(
    join(directory, folder),
    `contains no ${weightsStem[network]}.safetensors; convert the checkpoint to safetensors first`,
  );
}

async function readComponent(directory: string, component: ComponentFiles): Promise<DiffusersComponent> {
  const { name, network } = component;
  const config = await readJson(join(directory, name, 'config.json'));
  const weightsPath = await findWeights(directory, component);
  return {
    name,
    network,
    config,
    weightsPath,
    openWeights: async () => new RenamedTensorReader(await openTensors(weightsPath), currentNames[network]),
  };
}

export async function readDiffusersFolder(directory: string): Promise<DiffusersFolder> {
  if (!(await exists(join(directory, 'model_index.json')))) {
    throw new ModelFileError(directory, 'is not a diffusers folder: it contains no model_index.json');
  }
  const modelIndex = await readJson(join(directory, 'model_index.json'));
  const family = familyOf(modelIndex);
  const components: DiffusersComponent[] = [];
  for (const component of family.components) components.push(await readComponent(directory, component));
  return {
    directory,
    family,
    modelIndex,
    components,
    schedulerConfig: await readJson(join(directory, 'scheduler', 'scheduler_config.json')),
  };
}
