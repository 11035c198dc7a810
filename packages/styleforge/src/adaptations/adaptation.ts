// What a training changes about a model: how its weights resolve, which parameters train, which files a checkpoint holds.
import { type ModelAdapter } from '@styleforge/diffusion';
import { type ComponentName } from '@styleforge/model-files';
import { type ParameterBuffers, type ParameterRates } from '@styleforge/runtime';
import { type AddedTokens } from '@styleforge/weights';
import { type TrainingHyperparameters } from '../config.ts';
import { type TrainableModel } from '../model/model.ts';

/** Facts about the run for which an adaptation is created. */
export interface AdaptationInputs {
  readonly model: TrainableModel;
  readonly hyperparameters: TrainingHyperparameters;
  /** Tokens of the components, in their order. */
  readonly tokens: readonly string[];
}

export interface WrittenFiles {
  readonly baseModelDirectory: string;
  /** Whether the checkpoint may be the final one; files that only a finished model needs are then written too. */
  readonly final: boolean;
}

export interface Adaptation {
  readonly kind: string;
  /** The text encoders are part of the training graph; otherwise prompts are encoded once, beforehand. */
  readonly trainsText: boolean;
  /** Words that it adds to the tokenizers, by text encoder. */
  readonly tokens?: Readonly<Partial<Record<ComponentName, AddedTokens>>>;
  /** Changes to the models while they are built; omitted if there are none. */
  readonly adapter?: ModelAdapter;
  /** null keeps the parameter of this name frozen. */
  ratesOf(name: string): ParameterRates | null;
  /** Sets the initial values of the trained parameters. */
  initialize(trained: ParameterBuffers): Promise<void>;
  /** Writes the checkpoint's files into `directory`, which does not exist yet. */
  write(directory: string, trained: ParameterBuffers, files: WrittenFiles): Promise<void>;
  /** Restores exactly the trained parameters from the files of `write`. Omitted where they cannot hold it: the trainer's state does then. */
  readonly restore?: (directory: string, trained: ParameterBuffers) => Promise<void>;
}
