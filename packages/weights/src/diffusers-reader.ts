// Reads a Stable Diffusion checkpoint in the diffusers folder layout: configs at once, weights when asked.
import { join } from 'node:path';
import { exists, ModelFileError, readJson, type JsonObject } from '@styleforge/model-files';
import { type AppliedBranch } from './adaptations/branches.ts';
import { currentTextEncoderName, currentVaeName, RenamedTensorReader } from './key-names.ts';
import { openTensors } from './open-tensors.ts';
import { type TensorReader } from './tensor-reader.ts';

export type ComponentName = 'unet' | 'vae' | 'text_encoder';

export interface DiffusersComponent {
  config: JsonObject;
  weightsPath: string;
  /** The weights under today's names; the caller closes the reader. */
  openWeights(): Promise<TensorReader>;
  /** What adapters add behind its layers. */
  branches?: readonly AppliedBranch[];
}

export interface DiffusersFolder {
  directory: string;
  modelIndex: JsonObject;
  unet: DiffusersComponent;
  vae: DiffusersComponent;
  textEncoder: DiffusersComponent;
  schedulerConfig: JsonObject;
  /** Absent where the folder carries no tokenizer of its own. */
  tokenizerDirectory?: string;
  /** Words beyond the tokenizer's vocabulary, with the rows of the token table that they stand for. */
  addedTokens?: readonly { readonly text: string; readonly ids: readonly number[] }[];
  /** The folder below all adapters, where it has any. */
  withoutAdapters?: DiffusersFolder;
}

const weightsStem: Record<ComponentName, string> = {
  unet: 'diffusion_pytorch_model',
  vae: 'diffusion_pytorch_model',
  text_encoder: 'model',
};

const rename: Partial<Record<ComponentName, (stored: string) => string | undefined>> = {
  vae: currentVaeName,
  text_encoder: currentTextEncoderName,
};

/** The full-precision file first, then its variants, each whole or in shards. */
export function weightsFileNames(component: ComponentName): string[] {
  const stem = weightsStem[component];
  const names = [`${stem}.safetensors`, `${stem}.safetensors.index.json`];
  for (const variant of ['fp16', 'bf16']) {
    names.push(`${stem}.${variant}.safetensors`, `${stem}.safetensors.index.${variant}.json`);
  }
  return names;
}

async function findWeights(directory: string, component: ComponentName): Promise<string> {
  for (const name of weightsFileNames(component)) {
    const path = join(directory, component, name);
    if (await exists(path)) return path;
  }
  throw new ModelFileError(
    join(directory, component),
    `holds no ${weightsStem[component]}.safetensors; convert the checkpoint to safetensors first`,
  );
}

async function readComponent(directory: string, component: ComponentName): Promise<DiffusersComponent> {
  const config = await readJson(join(directory, component, 'config.json'));
  const weightsPath = await findWeights(directory, component);
  const renaming = rename[component];
  return {
    config,
    weightsPath,
    openWeights: async () => {
      const reader = await openTensors(weightsPath);
      return renaming ? new RenamedTensorReader(reader, renaming) : reader;
    },
  };
}

export async function readDiffusersFolder(directory: string): Promise<DiffusersFolder> {
  if (!(await exists(join(directory, 'model_index.json')))) {
    throw new ModelFileError(directory, 'is not a diffusers folder: it holds no model_index.json');
  }
  const tokenizerDirectory = join(directory, 'tokenizer');
  return {
    directory,
    modelIndex: await readJson(join(directory, 'model_index.json')),
    unet: await readComponent(directory, 'unet'),
    vae: await readComponent(directory, 'vae'),
    textEncoder: await readComponent(directory, 'text_encoder'),
    schedulerConfig: await readJson(join(directory, 'scheduler', 'scheduler_config.json')),
    ...((await exists(tokenizerDirectory)) ? { tokenizerDirectory } : {}),
  };
}
