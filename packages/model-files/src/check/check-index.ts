// Checks that model_index.json is of a pipeline with the networks of its family, so that other pipelines are refused by their name.
import { join } from 'node:path';
import { OTHER_MODEL } from '../configs/config-reader.ts';
import { type ComponentFiles, namesPart, type NetworkKind } from '../families/family.ts';
import { familyOf } from '../families/index.ts';
import { ModelFileError } from '../files/model-file-error.ts';
import { exists, type JsonObject, readJson } from '../files/read-files.ts';

const MODEL_INDEX = 'model_index.json';

/** Classes of networks, as diffusers and transformers name them, without the mark of other frameworks. */
const CLASSES: Readonly<Record<NetworkKind, readonly string[]>> = {
  unet: ['UNet2DConditionModel'],
  autoencoder: ['AutoencoderKL'],
  'text-encoder': ['CLIPTextModel', 'CLIPTextModelWithProjection'],
};
const withoutFramework = (name: string): string => name.replace(/^(Flax|TF)/, '');

function classFault(modelIndex: JsonObject, { name, network }: ComponentFiles): string | undefined {
  const value = modelIndex[name];
  const className = Array.isArray(value) ? (value as unknown[])[1] : undefined;
  if (typeof className !== 'string' || CLASSES[network].includes(withoutFramework(className))) return undefined;
  return `has ${className} as ${name}; supported is ${CLASSES[network].join(' or ')}`;
}

/**
 * Throws ModelFileError if the folder is of a pipeline without one of the networks, or with others in their place. `paths`: the files that
 * the folder will have, if not all of them are there yet.
 */
export async function checkModelIndex(directory: string, paths?: readonly string[]): Promise<void> {
  const isThere = async (part: string): Promise<boolean> =>
    paths?.some((file) => file.startsWith(`${part}/`)) ?? (await exists(join(directory, part)));
  const path = join(directory, MODEL_INDEX);
  const modelIndex = await readJson(path);
  const { components } = familyOf(modelIndex);
  // An index that names no part at all says nothing about the pipeline: what is missing is then a file.
  const namesParts = components.some(({ name }) => namesPart(modelIndex, name));
  for (const component of components) {
    const { name } = component;
    const isAbsent = namesParts && !namesPart(modelIndex, name) && !(await isThere(name));
    const fault = isAbsent ? `has no ${name}` : classFault(modelIndex, component);
    if (fault !== undefined) throw new ModelFileError(path, `is of ${String(modelIndex._class_name)} and ${fault}: ${OTHER_MODEL}`);
  }
}
