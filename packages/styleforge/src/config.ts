// What a training run is told: the method's numbers, by the names that users and other trainers know.

export type LrSchedulerName = 'constant' | 'constant_with_warmup' | 'linear' | 'cosine' | 'cosine_with_restarts' | 'polynomial';

export interface TrainingHyperparameters {
  readonly max_train_steps: number;
  readonly learning_rate: number;
  readonly lr_scheduler: LrSchedulerName;
  readonly lr_warmup_steps: number;
  /** Of cosine_with_restarts. */
  readonly lr_num_cycles: number;
  /** Of polynomial. */
  readonly lr_power: number;
  /** StyleRef images of one pass; as many Aux images join them. */
  readonly train_batch_size: number;
  readonly gradient_accumulation_steps: number;
  readonly max_grad_norm: number;
  readonly adam_beta1: number;
  readonly adam_beta2: number;
  readonly adam_epsilon: number;
  readonly adam_weight_decay: number;
  /** min-SNR weighting (arXiv 2303.09556); null for none. */
  readonly snr_gamma: number | null;
  /** Pixels along each side. */
  readonly resolution: number;
  readonly crop: 'random' | 'center';
  readonly seed: number;
  /** Mirrors each image from left to right half of the time. */
  readonly random_flip: boolean;
  /** Appends an image's caption, where it has one, to its prompt. */
  readonly use_captions: boolean;
  /** Latents drawn from the encoder's posterior anew at each use, or its mean. */
  readonly latent_sampling: 'sample' | 'mean';
  /** Standard deviation of one further noise value for each latent channel of a sample; 0 for none. */
  readonly noise_offset: number;
  readonly train_text_encoder: boolean;
  /** null: the same as learning_rate. */
  readonly text_encoder_learning_rate: number | null;
  /** What the optimizer keeps its two moments in; bfloat16 halves their memory. */
  readonly adam_moments: 'float32' | 'bfloat16';
  /** What the gradients are kept in until the update, on a processor; float16, with loss scaling, halves their memory. */
  readonly gradient_precision: 'float32' | 'float16';
  /** Products in float16 with loss scaling, weights and moments in float32; on a GPU. */
  readonly mixed_precision: 'no' | 'fp16';
  readonly gradient_checkpointing: boolean;
  readonly ema: boolean;
  /** A checkpoint every so many steps beside the last one; null for the last one only. */
  readonly checkpointing_steps: number | null;
}

/** Images that show how far the training is: the same prompts and seeds every time. */
export interface ValidationConfig {
  readonly prompts: readonly string[];
  readonly every_steps: number;
  /** Images of each prompt. */
  readonly num_images: number;
  readonly sampler: string;
  readonly steps: number;
  readonly guidance_scale: number;
  readonly negative_prompt: string;
  /** Of the first image; image i has seed + i. */
  readonly seed: number;
}

export interface EarlyStoppingConfig {
  /** KID is better when it is lower, the CLIP score when it is higher. */
  readonly metric: 'kid' | 'clip';
  /** Validations without a better score after which the training ends. */
  readonly patience: number;
  readonly min_steps: number;
}

export interface StyleForgeConfig {
  readonly hyperparameters: TrainingHyperparameters;
  /** lambda of the dual-binding loss; null trains with the StyleRef part alone. */
  readonly aux: { readonly weight: number } | null;
  readonly validation?: ValidationConfig | null;
  /** Needs a validation that is scored. */
  readonly early_stopping?: EarlyStoppingConfig | null;
}

export type TrainingInputCode = 'invalid_input' | 'too_few_images' | 'image_too_small' | 'common_token' | 'unsupported_base_model';

/** The request cannot be trained as it is; retrying will not help. */
export class TrainingInputError extends Error {
  override name = 'TrainingInputError';
  readonly code: TrainingInputCode;

  constructor(message: string, { code = 'invalid_input', cause }: { code?: TrainingInputCode; cause?: unknown } = {}) {
    super(message, { cause });
    this.code = code;
  }
}
