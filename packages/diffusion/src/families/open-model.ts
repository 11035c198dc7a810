// Opens a model folder: its small files, checked, its networks, and its weights when they are needed.
import { type NetworkDescription, type TextEncoderDescription } from '@styleforge/model-files';
import { baseOfModel, type DiffusersFolder, openModelFolder } from '@styleforge/weights';
import { type DiffusionModel } from './family.ts';
import { modelOf } from './index.ts';

export interface OpenedModel<Description extends NetworkDescription> {
  readonly description: Description;
  readonly folder: DiffusersFolder;
  readonly model: DiffusionModel;
  /** Tokenizers in the order of the text encoders, with the words that adapters add; null if the folder has none. */
  readonly tokenizers: readonly Description['textEncoders'][number]['tokenizer'][];
}

/** The model of an opened folder, including its adapters. */
export const modelOfFolder = ({ modelIndex, components }: DiffusersFolder): DiffusionModel =>
  modelOf(modelIndex, Object.fromEntries(components.map(({ name, config }) => [name, config])));

/** Opens a folder. `describe` checks the small files of the folder that all adapters are based on. */
export async function openDiffusionModel<Description extends NetworkDescription>(
  directory: string,
  describe: (directory: string) => Promise<Description>,
): Promise<OpenedModel<Description>> {
  const description = await describe(await baseOfModel(directory));
  const folder = await openModelFolder(directory);
  const tokenizers = description.textEncoders.map(
    ({ component, tokenizer }: TextEncoderDescription) => tokenizer?.withAdded(folder.addedTokens?.[component] ?? []) ?? null,
  );
  return { description, folder, model: modelOfFolder(folder), tokenizers };
}
