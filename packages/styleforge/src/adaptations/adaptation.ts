// What a training changes about a model: how its weights resolve, which parameters train, which files a checkpoint holds.
import { type ModelAdapter } from '@styleforge/diffusion';
import { type ComponentName } from '@styleforge/model-files';
import { type ParameterBuffers, type ParameterRates } from '@styleforge/runtime';
import { type AddedTokens } from '@styleforge/weights';
import { type TrainingHyperparameters } from '../config.ts';
import { type TrainableModel } from '../model/model.ts';

/** What an adaptation is made for. */
export interface AdaptationInputs {
  readonly model: TrainableModel;
  readonly hyperparameters: TrainingHyperparameters;
  /** Tokens of the components, in their order. */
  readonly tokens: readonly string[];
}

export interface WrittenFiles {
  readonly baseModelDirectory: string;
  /** The checkpoint may be what the job ends with: files that only a finished model needs are written too. */
  readonly final: boolean;
}

export interface Adaptation {
  readonly kind: string;
  /** The text encoders are part of the training graph; otherwise prompts are encoded once, beforehand. */
  readonly trainsText: boolean;
  /** Words that it adds to the tokenizers, by text encoder. */
  readonly tokens?: Readonly<Partial<Record<ComponentName, AddedTokens>>>;
  /** How the models are built; omitted where they stay as they are. */
  readonly adapter?: ModelAdapter;
  /** null keeps the parameter of this name frozen. */
  ratesOf(name: string): ParameterRates | null;
  /** Gives the trained parameters the values that a run begins with. */
  initialize(trained: ParameterBuffers): Promise<void>;
  /** Writes the checkpoint's files into `directory`, which does not exist yet. */
  write(directory: string, trained: ParameterBuffers, files: WrittenFiles): Promise<void>;
  /** Reads back exactly what was trained from the files of `write`. Omitted where they cannot hold it: the trainer's state does then. */
  readonly restore?: (directory: string, trained: ParameterBuffers) => Promise<void>;
}
