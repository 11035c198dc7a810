// The registry: models with a name, their versions and aliases, and the origin of each version.
import { z } from 'zod';
import { optionalText, requiredText } from '../common/text.ts';
import { checkpointId, datasetId, imageId, modelId, trainingJobId } from '../common/ids.ts';
import { pageOf, timestamp } from '../common/pages.ts';
import { ADAPTATION_KINDS } from '../training/adaptations.ts';
import { baseModelName } from './base-models.ts';
import { TRAINING_METHODS } from '../training/methods.ts';
import { PROMPT_PLACE } from '../training/placeholders.ts';

/** The alias of the newest version, which can be neither set nor deleted. */
export const LATEST = 'latest';

/** The prompt template of an adapter with these tokens; null if it has none. */
export const templateOf = (tokens: readonly string[]): string | null => (tokens.length > 0 ? `${tokens.join(' ')}, ${PROMPT_PLACE}` : null);

/** A name that does not begin like an id, so that requests can tell names and ids apart. */
const NAME = /^(?!(?:job|ckpt|model)_)[a-z0-9][a-z0-9._-]{0,62}$/;
export const modelName = z
  .string()
  .regex(NAME, 'must be 1 to 63 lower-case letters, digits, dots, hyphens or underscores, and must not begin like an id (job_, ckpt_)')
  .meta({ examples: ['ink-style'] });
const ALIAS = /^[a-z][a-z0-9_-]{0,31}$/;
export const modelAlias = z
  .string()
  .regex(ALIAS, 'must be 1 to 32 lower-case letters, digits, hyphens or underscores, the first a letter')
  .meta({ examples: ['production'] });
/** The largest version that a reference can name: `ink-style@999999999`. */
const MOST_VERSIONS = 999_999_999;
export const versionNumber = z.coerce.number().int().min(1).max(MOST_VERSIONS);

/** Parses `ink-style`, `ink-style@3` or `ink-style@production`; null for other text. */
export function parseModelReference(text: string): { name: string; version: number | string } | null {
  const [name = '', wanted = LATEST, ...rest] = text.split('@');
  if (rest.length > 0 || !NAME.test(name)) return null;
  if (/^[1-9]\d{0,8}$/.test(wanted)) return { name, version: Number(wanted) };
  return ALIAS.test(wanted) ? { name, version: wanted } : null;
}

const source = z
  .string()
  .min(1)
  .max(100)
  .describe('Source of the version: a checkpoint, a training job with a result, or a version of another model');
const description = optionalText(10_000);
const license = requiredText(200);
const promptTemplate = z
  .string()
  .trim()
  .min(1)
  .max(1_000)
  .regex(/\{prompt\}/, `must contain ${PROMPT_PLACE} in the place of the description of the image`);
const cover = imageId.describe('A generated or uploaded image of the project; the model gets a copy of it');
const notes = optionalText(10_000);

export const createModelRequest = z
  .strictObject({
    name: modelName,
    from: source,
    description: description.default(''),
    license: license.optional().describe('Default: that of the base model'),
    prompt_template: promptTemplate
      .optional()
      .describe('Template of its prompts. Default: the one of the training job, such as `a photo of zwx style, {prompt}`'),
    cover_image_id: cover.optional().describe('Default: the last validation image of the training job'),
    notes: notes.default('').describe('Notes about the first version'),
  })
  .meta({
    id: 'CreateModelRequest',
    examples: [
      { name: 'ink-style', from: 'job_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70', description: 'Ink on rough paper', license: 'CC-BY-4.0' },
    ],
  });
export type CreateModelRequest = z.infer<typeof createModelRequest>;

export const createModelVersionRequest = z.strictObject({ from: source, notes: notes.default('') }).meta({
  id: 'CreateModelVersionRequest',
  examples: [{ from: 'ckpt_01932d5c-7a40-7c3e-9d1b-2f6a8e4b1c70', notes: 'trained twice as long' }],
});

export const ADAPTER_FILE_BYTES = 2 * 1024 ** 3;

/** The text fields of an upload, which precede the file. */
export const uploadAdapterFields = z.strictObject({
  name: modelName.describe('The model that gets the version. Created if it does not exist'),
  base_model: baseModelName.describe('The base model that the adapter was made for'),
  token: z
    .string()
    .regex(/^[^\s[\]]{1,64}$/, 'must be one word of at most 64 characters, without brackets')
    .optional()
    .describe(
      'The word that prompts use for it: the trigger word of a LoRA, or the token of an embedding whose file names ' +
        "none (default: the file's name)",
    ),
  description: description.optional().describe('Description of a new model; ignored for a further version'),
  license: license.optional().describe('Licence of a new model; ignored for a further version'),
  prompt_template: promptTemplate
    .optional()
    .describe('Template of a new model; ignored for a further version. Default: the token with the prompt'),
  notes: notes.default('').describe('Notes about this version'),
});
export type UploadAdapterFields = z.infer<typeof uploadAdapterFields>;

export const updateModelRequest = z
  .strictObject({
    name: modelName.optional().describe('The new name. Requests with the old name no longer find the model'),
    description: description.optional(),
    license: license.nullable().optional(),
    prompt_template: promptTemplate.nullable().optional(),
    cover_image_id: cover.nullable().optional().describe('null removes the cover'),
  })
  .refine((body) => Object.keys(body).length > 0, 'must name at least one field')
  .meta({ minProperties: 1, id: 'UpdateModelRequest', examples: [{ description: 'Ink on rough paper', license: 'CC-BY-4.0' }] });
export type UpdateModelRequest = z.infer<typeof updateModelRequest>;

export const updateModelVersionRequest = z
  .strictObject({ notes })
  .meta({ id: 'UpdateModelVersionRequest', examples: [{ notes: 'the one for posters' }] });

export const setModelAliasRequest = z
  .strictObject({ version: z.int().min(1).max(MOST_VERSIONS) })
  .meta({ id: 'SetModelAliasRequest', examples: [{ version: 1 }] });

export const modelParams = z.object({ name: modelName });
export const modelVersionParams = z.object({ name: modelName, version: versionNumber });
export const modelAliasParams = z.object({ name: modelName, alias: modelAlias });

/** The settings in peft's adapter_config.json without which a LoRA would have another strength. */
export const peftConfig = z
  .object({
    lora_alpha: z.number().gt(0),
    alpha_pattern: z.record(z.string(), z.number()).default({}),
    use_rslora: z.boolean().default(false),
  })
  .meta({ id: 'PeftConfig' });
export type PeftConfig = z.infer<typeof peftConfig>;

/** Initializations of a LoRA that also change the weights of the base model. */
const CHANGES_BASE = /^(pissa|olora|corda|loftq|lora_ga)/i;

/** The reason why a LoRA with this adapter_config.json cannot be applied to the base model alone; null if it can. */
export function peftFault(config: unknown): string | null {
  const { init_lora_weights: start } = (config ?? {}) as { init_lora_weights?: unknown };
  if (typeof start !== 'string' || !CHANGES_BASE.test(start)) return null;
  return (
    `init_lora_weights is ${start}, which also changed the base model's weights: save the adapter with ` +
    'path_initial_model_for_weight_conversion, which makes it a LoRA for the base model'
  );
}
export const PEFT_CONFIG_BYTES = 1024 ** 2;

/** Facts read from an uploaded file. */
const uploadedAdapter = z
  .object({
    file_name: z.string(),
    sha256: z.string(),
    layout: z.string().describe('Program whose layout the file has: diffusers, peft, kohya, comfyui, a1111 or styleforge'),
    rank: z.int().nullable().describe('Largest rank of a LoRA, or the bottleneck of an adapter'),
    vectors: z.int().nullable().describe('Vectors of each word of an embedding'),
    changes_text_encoder: z.boolean(),
    tensors: z.int(),
    peft: peftConfig.nullable().describe('Strength (alpha) from its adapter_config.json'),
  })
  .meta({ id: 'UploadedAdapter' });
export type UploadedAdapter = z.infer<typeof uploadedAdapter>;

/** The origin of a version. It never changes, although its datasets and base model may change or be deleted later. */
export const modelProvenance = z
  .object({
    training_job: z
      .object({
        id: trainingJobId,
        name: z.string().nullable(),
        method: z.enum(TRAINING_METHODS),
        seed: z.int(),
        finished_at: timestamp.nullable(),
      })
      .nullable()
      .describe('null for an uploaded adapter'),
    upload: uploadedAdapter.nullable().describe('null for a version that was trained here'),
    step: z.int().nullable(),
    adaptation: z.enum(ADAPTATION_KINDS),
    tokens: z.array(z.object({ name: z.string().describe('Name of the component'), token: z.string() })),
    resolution: z.int(),
    datasets: z.array(
      z.object({
        role: z.enum(['style_ref', 'aux']),
        id: datasetId,
        name: z.string().nullable().describe('null if the dataset had been deleted'),
        images: z.int(),
      }),
    ),
    base_model: z.object({
      name: z.string(),
      source: z.string().nullable().describe('Source of its weights, with the revision'),
      license: z.string().nullable(),
      sha256: z.record(z.string(), z.string()).describe('Hashes of its weight files, if known'),
    }),
  })
  .meta({ id: 'ModelProvenance' });
export type ModelProvenance = z.infer<typeof modelProvenance>;

export const modelVersion = z
  .object({
    model: modelName,
    version: z.int(),
    reference: z.string().describe('How requests name this version: `ink-style@3`'),
    aliases: z.array(z.string()).describe('Includes `latest` for the newest version'),
    notes: z.string(),
    checkpoint_id: checkpointId.nullable().describe('null for an uploaded adapter'),
    size_bytes: z.int(),
    provenance: modelProvenance,
    created_at: timestamp,
  })
  .meta({ id: 'ModelVersion' });
export type ModelVersionBody = z.infer<typeof modelVersion>;
export const modelVersionPage = pageOf(modelVersion, 'ModelVersionPage');

export const model = z
  .object({
    id: modelId,
    name: modelName,
    description: z.string(),
    license: z.string().nullable(),
    prompt_template: z.string().nullable().describe('Template of its prompts: `a photo of zwx style, {prompt}`'),
    cover_url: z.string().nullable(),
    versions: z.int().describe('Number of versions'),
    aliases: z.record(z.string(), z.int()),
    latest: modelVersion.nullable().describe('null when all versions have been deleted'),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .meta({ id: 'Model' });
export type ModelBody = z.infer<typeof model>;
export const modelPage = pageOf(model, 'ModelPage');
