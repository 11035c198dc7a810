// A base model or checkpoint, opened for training: checked configs, and weights loaded straight into the training's buffers.
import { openDiffusionModel, readWeights, type CLIPTokenizer, type DDPMScheduler, type DiffusionModel } from '@styleforge/diffusion';
import { type ComponentName, describeModel, ModelFileError } from '@styleforge/model-files';
import { type ParameterBuffers } from '@styleforge/runtime';
import { type AddedTokens, type DiffusersComponent, type DiffusersFolder, WeightsMismatchError } from '@styleforge/weights';
import { TrainingInputError } from '../config.ts';
import { prefixOf } from './parameter-names.ts';

export interface TrainableModel {
  readonly folder: DiffusersFolder;
  /** Its networks. */
  readonly networks: DiffusionModel;
  /** Tokenizers in the order of the text encoders. */
  readonly tokenizers: readonly CLIPTokenizer[];
  readonly noiseScheduler: DDPMScheduler;
}

/** Converts an error about a model's files into a TrainingInputError, which is not retried. */
async function asInputError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ModelFileError || error instanceof WeightsMismatchError)
      throw new TrainingInputError(`the base model cannot be used: ${error.message}`, { code: 'unsupported_base_model', cause: error });
    throw error;
  }
}

/** Opens a model. Throws TrainingInputError if the folder is not a checkpoint that can be trained. */
export function openModel(directory: string): Promise<TrainableModel> {
  return asInputError(async () => {
    const { description, folder, model, tokenizers } = await openDiffusionModel(directory, describeModel);
    return { folder, networks: model, tokenizers, noiseScheduler: description.noiseScheduler };
  });
}

/** The model with words added to its tokenizers. */
export function withTokens(model: TrainableModel, tokens: Readonly<Partial<Record<ComponentName, AddedTokens>>> = {}): TrainableModel {
  const { textEncoders } = model.networks;
  const tokenizers = model.tokenizers.map((tokenizer, i) => tokenizer.withAdded(tokens[textEncoders[i].component] ?? []));
  return { ...model, tokenizers };
}

/**
 * Reads each wanted tensor once. Throws TrainingInputError if one is missing, has another shape, or contains values that are not finite.
 */
export const checkTensors = (component: DiffusersComponent, wanted: ReadonlyMap<string, readonly number[]>): Promise<void> =>
  asInputError(() => readWeights(component, wanted, (name, reader) => reader.read(name)));

/** Reads the weights of `folder` into buffers, one tensor at a time. Throws TrainingInputError as checkTensors does. */
export async function loadTrainableWeights(
  folder: DiffusersFolder,
  weights: ParameterBuffers,
  isWanted: (name: string) => boolean = () => true,
): Promise<void> {
  for (const component of folder.components) {
    const prefix = prefixOf(component.name);
    const wanted = weights.specs
      .filter(({ name }) => name.startsWith(prefix) && isWanted(name))
      .map(({ name, shape }) => [name.slice(prefix.length), shape] as const);
    if (wanted.length === 0) continue;
    await asInputError(() =>
      readWeights(component, new Map(wanted), async (name, reader) => {
        const values = weights.get(prefix + name);
        await reader.readInto(name, values);
        return values;
      }),
    );
  }
}
