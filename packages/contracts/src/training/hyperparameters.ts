// Every number of a training run, with the ranges that make sense and the method's defaults.
import { z } from 'zod';

const LR_SCHEDULERS = ['constant', 'constant_with_warmup', 'linear', 'cosine', 'cosine_with_restarts', 'polynomial'] as const;
const CROPS = ['random', 'center'] as const;
const LATENT_SAMPLINGS = ['sample', 'mean'] as const;
const OPTIMIZERS = ['adamw', 'prodigy'] as const;
const ADAM_MOMENTS = ['float32', 'bfloat16'] as const;
export const GRADIENT_PRECISIONS = ['float32', 'float16'] as const;
export const MIXED_PRECISIONS = ['no', 'fp16'] as const;

const fraction = z.number().gt(0).lt(1);

export const hyperparameters = z
  .strictObject({
    max_train_steps: z.int().min(1).max(1_000_000).describe('Optimizer steps of the whole training'),
    learning_rate: z
      .number()
      .gt(0)
      .max(1)
      .describe('Learning rate at its highest; with the optimizer prodigy a factor of the rate that it finds, 1 by default'),
    lr_scheduler: z.enum(LR_SCHEDULERS).describe('How the learning rate changes over the training'),
    lr_warmup_steps: z.int().min(0).max(1_000_000).describe('Steps in which the learning rate rises from 0'),
    lr_num_cycles: z.int().min(1).max(1000).describe('How often cosine_with_restarts falls from the full rate'),
    lr_power: z.number().gt(0).max(10).describe('The exponent of polynomial'),
    train_batch_size: z.int().min(1).max(256).describe('StyleRef images a step; as many Aux images join them'),
    gradient_accumulation_steps: z.int().min(1).max(256).describe('Batches whose gradients are averaged for one step'),
    max_grad_norm: z.number().gt(0).max(1e6).describe('Gradients with a larger norm are scaled down to it'),
    optimizer: z
      .enum(OPTIMIZERS)
      .describe(
        'prodigy finds the learning rate by itself (arXiv 2306.06101); it needs a worker on the processor (DEVICE=cpu) and twice the memory for moments',
      ),
    prodigy_d_coef: z
      .number()
      .min(0.01)
      .max(100)
      .describe("Multiplies prodigy's estimate of the learning rate: 0.5 or 2 is a careful change"),
    adam_beta1: fraction.describe("Decay of AdamW's average of gradients"),
    adam_beta2: fraction.describe("Decay of AdamW's average of squared gradients"),
    adam_epsilon: z.number().gt(0).max(1).describe('Added to the denominator of AdamW'),
    adam_weight_decay: z.number().min(0).max(1).describe('Weight decay of AdamW'),
    snr_gamma: z.number().gt(0).max(1000).nullable().describe('min-SNR weighting; null for none'),
    resolution: z
      .int()
      .min(16)
      .max(2048)
      .multipleOf(8)
      .describe('Side of the square that images are cropped to, in pixels; no image may be smaller'),
    crop: z.enum(CROPS).describe('Which square of an image is used: its center, or another one at each use'),
    buckets: z
      .boolean()
      .describe(
        'Images keep their proportions: each trains at the size that is nearest to its own, with as many pixels as the square, in batches of one size. It needs a worker on the processor (DEVICE=cpu)',
      ),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .describe('Seed of every random number: the same request and seed give the same weights on the same device'),
    random_flip: z.boolean().describe('Mirrors each image half of the time'),
    use_captions: z.boolean().describe("Appends an image's caption, where it has one, to its prompt"),
    caption_dropout: z
      .number()
      .min(0)
      .max(1)
      .describe('Share of the uses of an image that leave its caption out, so that the style also belongs to the prompt alone'),
    shuffle_tags: z.boolean().describe('Captions are tags between commas, which are read in another order at each use'),
    keep_tags: z.int().min(0).max(100).describe('With shuffle_tags: so many first tags keep their places'),
    masked_loss: z
      .boolean()
      .describe(
        'Only what the mask of an image shows is learned: its alpha channel, or the file `NAME.mask.png` beside it, white for what counts',
      ),
    unmasked_weight: z.number().min(0).max(1).describe('With masked_loss: what the rest of an image counts, 0 for nothing'),
    latent_sampling: z
      .enum(LATENT_SAMPLINGS)
      .describe("Latents: `sample` samples them from the encoder's posterior at each use, `mean` takes its mean"),
    noise_offset: z.number().min(0).max(1).describe('Standard deviation of one further noise value for each latent channel; 0 for none'),
    train_text_encoder: z.boolean().describe('Trains the text encoder, too'),
    text_encoder_learning_rate: z.number().gt(0).max(1).nullable().describe('null: the same as learning_rate'),
    adam_moments: z
      .enum(ADAM_MOMENTS)
      .describe('bfloat16 halves the memory of the optimizer; it needs a worker on the processor (DEVICE=cpu)'),
    gradient_precision: z
      .enum(GRADIENT_PRECISIONS)
      .describe('float16 halves the memory of the gradients, with loss scaling; it needs a worker on the processor (DEVICE=cpu)'),
    mixed_precision: z
      .enum(MIXED_PRECISIONS)
      .describe('fp16 computes products in float16, with loss scaling; it needs a worker on a GPU (DEVICE=webgpu)'),
    gradient_checkpointing: z.boolean().describe('Computes intermediate values twice to use less memory'),
    ema: z.boolean().describe('Saves an exponential moving average of the weights'),
    checkpointing_steps: z.int().min(1).max(1_000_000).nullable().describe('null for one checkpoint at the end'),
    checkpoints_total_limit: z
      .int()
      .min(1)
      .max(1000)
      .nullable()
      .describe('Checkpoints that are kept, the latest ones; null for all of them'),
  })
  .meta({ id: 'Hyperparameters' });
export type Hyperparameters = z.infer<typeof hyperparameters>;

/** StyleForge on Stable Diffusion 1.5, as the paper and its scripts have it. */
export const METHOD_HYPERPARAMETERS: Hyperparameters = {
  max_train_steps: 1000,
  learning_rate: 1e-6,
  lr_scheduler: 'constant',
  lr_warmup_steps: 0,
  lr_num_cycles: 1,
  lr_power: 1,
  train_batch_size: 1,
  gradient_accumulation_steps: 1,
  max_grad_norm: 1,
  optimizer: 'adamw',
  prodigy_d_coef: 1,
  adam_beta1: 0.9,
  adam_beta2: 0.999,
  adam_epsilon: 1e-8,
  adam_weight_decay: 1e-2,
  snr_gamma: null,
  resolution: 512,
  crop: 'random',
  buckets: false,
  seed: 1337,
  random_flip: false,
  use_captions: false,
  caption_dropout: 0,
  shuffle_tags: false,
  keep_tags: 0,
  masked_loss: false,
  unmasked_weight: 0,
  latent_sampling: 'sample',
  noise_offset: 0,
  train_text_encoder: true,
  text_encoder_learning_rate: null,
  adam_moments: 'float32',
  gradient_precision: 'float32',
  mixed_precision: 'no',
  gradient_checkpointing: true,
  ema: false,
  checkpointing_steps: null,
  checkpoints_total_limit: null,
};

/** What an optimizer needs, where the request does not say otherwise. */
export const OPTIMIZER_HYPERPARAMETERS: Record<Hyperparameters['optimizer'], Partial<Hyperparameters>> = {
  adamw: {},
  prodigy: { learning_rate: 1, text_encoder_learning_rate: null, adam_moments: 'float32' },
};

/** Every field with the method's default, for readers: what is filled in also depends on the base model and the adaptation. */
const optionalFields = Object.fromEntries(
  Object.entries(hyperparameters.shape).map(([name, field]) => [
    name,
    field.optional().meta({ ...z.globalRegistry.get(field), default: METHOD_HYPERPARAMETERS[name as keyof Hyperparameters] }),
  ]),
) as ReturnType<typeof hyperparameters.partial>['shape'];

export const hyperparametersRequest = z.strictObject(optionalFields).meta({
  id: 'HyperparametersRequest',
  description: "Defaults are the method's; the base model and the adaptation may have others, and a created job shows the resolved values",
});
export type HyperparametersRequest = z.infer<typeof hyperparametersRequest>;
