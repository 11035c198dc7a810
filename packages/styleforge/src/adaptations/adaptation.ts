// The interface of an adaptation: how a model's weights resolve, which parameters train, and which files a checkpoint contains.
import { type ModelAdapter } from '@styleforge/diffusion';
import { type ComponentName } from '@styleforge/model-files';
import { type ParameterBuffers, type ParameterRates } from '@styleforge/runtime';
import { type AddedTokens } from '@styleforge/weights';
import { type TrainingHyperparameters } from '../config.ts';
import { type TrainableModel } from '../model/model.ts';

/** Facts about the run that an adaptation is created for. */
export interface AdaptationInputs {
  readonly model: TrainableModel;
  readonly hyperparameters: TrainingHyperparameters;
  /** Tokens of the components, in their order. */
  readonly tokens: readonly string[];
}

export interface WrittenFiles {
  readonly baseModelDirectory: string;
  /** Whether the checkpoint may be the last one; then files that only a finished model needs are written too. */
  readonly final: boolean;
}

export interface Adaptation {
  readonly kind: string;
  /** Whether the text encoders are part of the training graph; otherwise prompts are encoded once, before the training. */
  readonly trainsText: boolean;
  /** Words that it adds to the tokenizers, by text encoder. */
  readonly tokens?: Readonly<Partial<Record<ComponentName, AddedTokens>>>;
  /** Changes to the models while they are built; omitted if there are none. */
  readonly adapter?: ModelAdapter;
  /** Rates of the parameter with this name; null keeps it frozen. */
  ratesOf(name: string): ParameterRates | null;
  /** Sets the initial values of the trained parameters. */
  initialize(trained: ParameterBuffers): Promise<void>;
  /** Writes the checkpoint's files into `directory`, which does not exist yet. */
  write(directory: string, trained: ParameterBuffers, files: WrittenFiles): Promise<void>;
  /**
   * Restores the trained parameters exactly from the files of `write`. Omitted if the files cannot contain them exactly: then the trainer's
   * state does.
   */
  readonly restore?: (directory: string, trained: ParameterBuffers) => Promise<void>;
}
