// Configuration of a training run, with the names that users and other trainers know.
import { type AdaptationConfig, type Hyperparameters, type TrainingConfig } from '@styleforge/contracts';

/** Hyperparameters of the trainer, without the number of stored checkpoints, which the worker manages. */
export type TrainingHyperparameters = Readonly<Omit<Hyperparameters, 'checkpoints_total_limit'>>;

/** Sample images that show the progress of the training: the same prompts and seeds every time. */
export type ValidationConfig = Readonly<NonNullable<TrainingConfig['validation']>>;

type EarlyStoppingSettings = NonNullable<TrainingConfig['early_stopping']>;
export type EarlyStoppingConfig = Readonly<
  Pick<EarlyStoppingSettings, 'metric' | 'patience' | 'min_steps'> & Partial<Pick<EarlyStoppingSettings, 'min_clip_share'>>
>;

export interface StyleForgeConfig {
  readonly hyperparameters: TrainingHyperparameters;
  /** Default: full fine-tuning. */
  readonly adaptation?: AdaptationConfig;
  /** lambda of the dual-binding loss; null trains with the StyleRef part only. */
  readonly aux: { readonly weight: number } | null;
  readonly validation?: ValidationConfig | null;
  /** Requires a validation with scores. */
  readonly early_stopping?: EarlyStoppingConfig | null;
}

export type TrainingInputCode = 'invalid_input' | 'too_few_images' | 'image_too_small' | 'common_token' | 'unsupported_base_model';

/** Thrown for a request that cannot be trained; retrying does not help. */
export class TrainingInputError extends Error {
  override name = 'TrainingInputError';
  readonly code: TrainingInputCode;

  constructor(message: string, { code = 'invalid_input', cause }: { code?: TrainingInputCode; cause?: unknown } = {}) {
    super(message, { cause });
    this.code = code;
  }
}

/** Thrown when the loss or the gradient is not a finite number, so that training cannot continue. The last checkpoint is valid. */
export class NonFiniteLossError extends Error {
  override name = 'NonFiniteLossError';
}
