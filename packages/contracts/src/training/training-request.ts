// The body of POST /v1/training-jobs.
import { z } from 'zod';
import { metadata } from '../common/annotations.ts';
import { requiredText } from '../common/text.ts';
import { adaptationRequest } from './adaptations.ts';
import { baseModelName } from '../models/base-models.ts';
import { componentName } from '../datasets/datasets.ts';
import { evaluationRequest } from '../evaluations/evaluations.ts';
import { hyperparametersRequest } from './hyperparameters.ts';
import { datasetId, exampleId } from '../common/ids.ts';
import { TRAINING_METHODS } from './methods.ts';
import { SAMPLERS, negativePromptRequest } from '../models/samplers.ts';
import { jobPriority } from '../common/statuses.ts';
import { JOB_WEBHOOK_EVENTS, webhookUrl } from '../events/webhooks.ts';
import { styledropRequest } from './styledrop.ts';

const prompt = requiredText(1000);

const styleRefComponentRequest = z
  .strictObject({
    name: componentName.describe('The component of the images; `all` means every image'),
    token: z
      .string()
      .regex(/^\S{1,32}$/, 'must be one word of at most 32 characters')
      .optional(),
    prompt: prompt
      .optional()
      .describe(
        'Prompt that the images are trained with. `[V]` stands for the token. With use_captions, `[caption]` stands ' +
          'for the caption of each image, which is otherwise appended',
      ),
  })
  .meta({ id: 'StyleRefComponentRequest' });

/** Map from the name of a component, or `all`, to the number of images to use. */
export const styleRefMix = z
  .record(componentName, z.int().min(1).max(1000))
  .refine((mix) => Object.keys(mix).length > 0, 'must name a component or `all`')
  .meta({ minProperties: 1 });

const styleRefRequest = z.strictObject({
  dataset_id: datasetId,
  mix: styleRefMix.optional().describe('Number of images to use of each component, the first uploaded first. Default: all'),
  components: z.array(styleRefComponentRequest).min(1).max(16).optional(),
});

const auxRequest = z.strictObject({
  dataset_id: datasetId,
  prompt: prompt.optional(),
  weight: z.number().min(0).max(100).optional().describe('Lambda: the weight of the Aux loss'),
});

const sampling = {
  sampler: z.enum(SAMPLERS).optional(),
  steps: z.int().min(1).max(1000).optional(),
  guidance_scale: z.number().min(0).max(50).optional(),
  negative_prompt: negativePromptRequest,
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .optional(),
};

const priorPreservationRequest = z.strictObject({
  prompt: prompt.optional().describe('Prompt for the class images'),
  num_class_images: z.int().min(3).max(10_000).optional(),
  weight: z.number().gt(0).max(100).optional(),
  ...sampling,
});

const validationRequest = z.strictObject({
  prompts: z.array(prompt).min(1).max(64).describe('`[V]` stands for the first token, `[name]` for that of the component of this name'),
  every_steps: z.int().min(1).max(1_000_000),
  num_images: z.int().min(1).max(64).default(1).describe('Images for each prompt'),
  ...sampling,
});

const earlyStopping = z.strictObject({
  metric: z
    .enum(['kid', 'clip'])
    .describe('`kid`: against held-out StyleRef images or the reference dataset; `clip`: images against their prompts'),
  patience: z.int().min(1).max(1000).describe('Validations without a better score after which the training ends'),
  min_steps: z.int().min(0).max(1_000_000).default(0),
  min_clip_share: z
    .number()
    .gt(0)
    .max(1)
    .optional()
    .describe(
      'With the metric `clip`: the result is the last validation whose CLIP score is at least this share of the ' +
        "base model's, instead of the validation with the best score. The style is then trained as far as the model " +
        'still follows prompts',
    ),
  reference_dataset_id: datasetId
    .optional()
    .describe('Reference for `kid`. Default: every fifth StyleRef image is held out of the training'),
});

export const createTrainingJobRequest = z
  .strictObject({
    method: z.enum(TRAINING_METHODS),
    base_model: baseModelName,
    style_ref: styleRefRequest
      .optional()
      .describe('The StyleRef images. Required, except in round 2 of styledrop, which trains on the chosen candidates'),
    aux: auxRequest.nullable().optional().describe('Omit or null to train without Aux images'),
    prior_preservation: priorPreservationRequest
      .nullable()
      .optional()
      .describe('For dreambooth and lora: the base model generates images that replace the Aux images. They are kept for later jobs'),
    adaptation: adaptationRequest
      .optional()
      .describe(
        'What is trained: all weights (`full`), or a small addition that is stored separately. Default: the adaptation of the method',
      ),
    styledrop: styledropRequest
      .optional()
      .describe('For styledrop: the descriptor of the style, the candidates to choose from, and the round'),
    hyperparameters: hyperparametersRequest.default({}),
    validation: validationRequest
      .nullable()
      .optional()
      .describe('Sample images of the same prompts and seeds, generated during the training'),
    evaluation: evaluationRequest.nullable().optional().describe('Measures the finished model and writes a report'),
    early_stopping: earlyStopping
      .nullable()
      .optional()
      .describe(
        'Ends the training when validations no longer improve. null: no early stopping. If validation is omitted as ' +
          "well, the base model's `watch` applies, if it has one",
      ),
    name: requiredText(200).nullable().optional().describe('Can be changed later. In a study, the name of the variation is added'),
    notes: z.string().max(10_000).optional().describe('Can be changed later'),
    suffix: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, hyphens or underscores')
      .nullable()
      .optional()
      .describe('Added to the title of the trained model in reports'),
    priority: jobPriority.default('normal').describe('Order among the queued jobs of this project. Does not affect other projects'),
    metadata: metadata.default({}),
    webhook_url: webhookUrl
      .nullable()
      .optional()
      .describe("URL to which every change of this job's status is sent, in addition to the webhooks of the project"),
    webhook_events: z
      .array(z.enum(JOB_WEBHOOK_EVENTS))
      .min(1)
      .max(JOB_WEBHOOK_EVENTS.length)
      .refine((events) => new Set(events).size === events.length, 'must name each event once')
      .meta({ uniqueItems: true })
      .optional()
      .describe('The events of this job that are sent to webhook_url. Default: all'),
  })
  .meta({
    id: 'CreateTrainingJobRequest',
    examples: [
      {
        method: 'single-styleforge',
        base_model: 'styleforge-mini',
        style_ref: { dataset_id: exampleId('dataset') },
        aux: { dataset_id: exampleId('dataset') },
      },
      {
        method: 'multi-styleforge',
        base_model: 'styleforge-mini',
        style_ref: {
          dataset_id: exampleId('dataset'),
          components: [
            { name: 'person', token: 'zwx' },
            { name: 'background', token: 'ukj' },
          ],
        },
        aux: { dataset_id: exampleId('dataset'), prompt: 'a photo of style', weight: 1 },
        hyperparameters: { max_train_steps: 200, learning_rate: 2e-5, checkpointing_steps: 50 },
        validation: { prompts: ['a photo of [person] style, a doctor'], every_steps: 50 },
        name: 'two components',
        metadata: { team: 'design' },
      },
    ],
  });
export type CreateTrainingJobRequest = z.infer<typeof createTrainingJobRequest>;
/** The training request with the images that it is trained on. */
export type TrainableJobRequest = CreateTrainingJobRequest & Required<Pick<CreateTrainingJobRequest, 'style_ref'>>;

/** The request as it can be checked before its datasets exist. */
export const checkTrainingJobRequest = createTrainingJobRequest
  .extend({
    style_ref: styleRefRequest.partial({ dataset_id: true }).optional(),
    aux: auxRequest.partial({ dataset_id: true }).nullable().optional().describe('Omit or null to train without Aux images'),
  })
  .meta({
    id: 'CheckTrainingJobRequest',
    examples: [
      { method: 'single-styleforge', base_model: 'styleforge-mini', style_ref: {}, aux: {}, hyperparameters: { max_train_steps: 200 } },
    ],
  });
export type CheckTrainingJobRequest = z.infer<typeof checkTrainingJobRequest>;
