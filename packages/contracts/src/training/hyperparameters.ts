// All hyperparameters of a training, with their allowed ranges and the method's defaults.
import { z } from 'zod';

const LR_SCHEDULERS = ['constant', 'constant_with_warmup', 'linear', 'cosine', 'cosine_with_restarts', 'polynomial'] as const;
const CROPS = ['random', 'center'] as const;
const LATENT_SAMPLINGS = ['sample', 'mean'] as const;
const OPTIMIZERS = ['adamw', 'prodigy'] as const;
const ADAM_MOMENTS = ['float32', 'bfloat16'] as const;
export const GRADIENT_PRECISIONS = ['float32', 'float16'] as const;
export const MIXED_PRECISIONS = ['no', 'fp16'] as const;
const NO_BFLOAT16 =
  "must be 'no' or 'fp16': bf16 is not supported; fp16 needs as little memory, and scales the loss where gradients overflow";

const fraction = z.number().gt(0).lt(1);

export const hyperparameters = z
  .strictObject({
    max_train_steps: z.int().min(1).max(1_000_000).describe('Number of training steps (updates of the weights)'),
    learning_rate: z
      .number()
      .gt(0)
      .max(1)
      .describe('Peak learning rate; with the optimizer prodigy, a factor of the rate that it finds (default: 1)'),
    lr_scheduler: z.enum(LR_SCHEDULERS).describe('Schedule of the learning rate'),
    lr_warmup_steps: z.int().min(0).max(1_000_000).describe('Number of steps in which the learning rate rises from 0'),
    lr_num_cycles: z.int().min(1).max(1000).describe('Number of cycles of cosine_with_restarts'),
    lr_power: z.number().gt(0).max(10).describe('Exponent of the schedule polynomial'),
    train_batch_size: z.int().min(1).max(256).describe('Number of StyleRef images in each batch; the same number of Aux images is added'),
    gradient_accumulation_steps: z.int().min(1).max(256).describe('Number of batches whose gradients are averaged for one step'),
    max_grad_norm: z.number().gt(0).max(1e6).describe('Gradients with a larger norm are scaled down to it'),
    optimizer: z
      .enum(OPTIMIZERS)
      .describe(
        'prodigy finds the learning rate automatically (arXiv 2306.06101); it needs a worker with DEVICE=cpu and ' +
          'twice the memory for moments',
      ),
    prodigy_d_coef: z
      .number()
      .min(0.01)
      .max(100)
      .describe("Factor of prodigy's estimate of the learning rate; 0.5 or 2 is a careful change"),
    adam_beta1: fraction.describe("Decay of AdamW's average of gradients"),
    adam_beta2: fraction.describe("Decay of AdamW's average of squared gradients"),
    adam_epsilon: z.number().gt(0).max(1).describe('Added to the denominator of AdamW'),
    adam_weight_decay: z.number().min(0).max(1).describe('Weight decay of AdamW'),
    snr_gamma: z.number().gt(0).max(1000).nullable().describe('Gamma of min-SNR weighting; null: no weighting'),
    resolution: z
      .int()
      .min(16)
      .max(2048)
      .multipleOf(8)
      .describe('Side of the square that images are cropped to, in pixels; no image may be smaller'),
    crop: z.enum(CROPS).describe('Which square of an image is used: its center, or a random one at each use'),
    buckets: z
      .boolean()
      .describe(
        'Whether images keep their proportions: each trains at the size nearest to its own proportions, with about as ' +
          'many pixels as the square, in batches of one size. Needs a worker with DEVICE=cpu',
      ),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .describe('Seed of all random numbers: the same request and seed give the same weights on the same device'),
    random_flip: z.boolean().describe('Whether each image is mirrored in half of its uses'),
    use_captions: z.boolean().describe('Whether the caption of an image, if it has one, is appended to its prompt'),
    caption_dropout: z
      .number()
      .min(0)
      .max(1)
      .describe('Share of the uses of an image without its caption, so that the model also learns the style from the prompt alone'),
    shuffle_tags: z
      .boolean()
      .describe('Whether captions are lists of tags separated by commas, which are put into a random order at each use'),
    keep_tags: z.int().min(0).max(100).describe('With shuffle_tags: number of tags at the beginning that keep their places'),
    masked_loss: z
      .boolean()
      .describe(
        'Whether only the part of an image that its mask shows is learned. The mask is its alpha channel, or the file ' +
          '`NAME.mask.png` with white for what counts',
      ),
    unmasked_weight: z.number().min(0).max(1).describe('With masked_loss: weight of the rest of an image; 0: no weight'),
    latent_sampling: z
      .enum(LATENT_SAMPLINGS)
      .describe("How latents are computed: `sample` samples the encoder's posterior at each use, `mean` uses its mean"),
    noise_offset: z
      .number()
      .min(0)
      .max(1)
      .describe('Standard deviation of an additional noise value for each latent channel; 0: no additional noise'),
    train_text_encoder: z.boolean().describe('Whether the text encoder trains, too'),
    text_encoder_learning_rate: z
      .number()
      .gt(0)
      .max(1)
      .nullable()
      .describe('Learning rate of the text encoder; null: the same as learning_rate'),
    adam_moments: z
      .enum(ADAM_MOMENTS)
      .describe("Precision of the optimizer's moments; bfloat16 halves their memory, and needs a worker with DEVICE=cpu"),
    gradient_precision: z
      .enum(GRADIENT_PRECISIONS)
      .describe('Precision of the gradients; float16 halves their memory, uses loss scaling, and needs a worker with DEVICE=cpu'),
    mixed_precision: z
      .enum(MIXED_PRECISIONS, { error: ({ input }) => (input === 'bf16' ? NO_BFLOAT16 : undefined) })
      .describe('Precision of products. fp16 uses loss scaling and needs a worker on a GPU (DEVICE=cuda or DEVICE=webgpu)'),
    gradient_checkpointing: z.boolean().describe('Whether intermediate values are computed twice to use less memory'),
    ema: z.boolean().describe('Whether an exponential moving average of the weights is saved'),
    checkpointing_steps: z
      .int()
      .min(1)
      .max(1_000_000)
      .nullable()
      .describe('Number of steps between checkpoints; null: one checkpoint at the end'),
    checkpoints_total_limit: z.int().min(1).max(1000).nullable().describe('Number of checkpoints to keep, the latest ones; null: all'),
  })
  .meta({ id: 'Hyperparameters' });
export type Hyperparameters = z.infer<typeof hyperparameters>;

/** StyleForge on Stable Diffusion 1.5, as in the paper and its scripts. */
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

/** Hyperparameters that an optimizer needs, if the request gives no others. */
export const OPTIMIZER_HYPERPARAMETERS: Record<Hyperparameters['optimizer'], Partial<Hyperparameters>> = {
  adamw: {},
  prodigy: { learning_rate: 1, text_encoder_learning_rate: null, adam_moments: 'float32' },
};

/** Every field with the method's default, for readers. The value that is used also depends on the base model and the adaptation. */
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
