// Settings of a training job from the service's schema: kind, range, default and help, in groups.
import type { JsonSchema, StyleForge } from '@styleforge/sdk';
import { useQuery } from '@tanstack/react-query';
import { useClient } from './session.ts';

export interface Setting {
  name: string;
  /** Its place in the request. */
  path: readonly string[];
  kind: 'number' | 'boolean' | 'choice' | 'choices' | 'text';
  choices: string[];
  /** Titles of choices whose names say little. */
  titles?: Readonly<Record<string, string>>;
  /** Default of a setting that does not depend on the base model. */
  usual?: unknown;
  /** Value of a setting that the request must contain, until the user changes it. */
  initial?: unknown;
  isNullable: boolean;
  range: string;
  help: string;
}
export interface SettingGroup {
  name: string;
  settings: Setting[];
}

/** Groups in order, with their settings. Settings that the service adds later appear in the last group. */
const GROUPS: [string, RegExp][] = [
  ['Length and rate', /^(max_train_steps|learning_rate|lr_)/],
  [
    'Images',
    /^(resolution|crop|random_flip|use_captions|train_batch_size|gradient_accumulation_steps|seed|buckets|caption_|shuffle_|keep_tags)/,
  ],
  ['Loss', /^(snr_gamma|noise_offset|latent_sampling|max_grad_norm)/],
  ['Text encoder', /text_encoder/],
  ['Optimizer', /^(adam_beta|adam_epsilon|adam_weight|ema|optimizer|prodigy)/],
  ['Memory and precision', /^(gradient_checkpointing|mixed_precision|adam_moments|gradient_precision)/],
  ['Checkpoints', /^checkpoint/],
  ['More', /./],
];

/** Settings of the request itself that have a field. */
const JOB = ['webhook_url', 'webhook_events', 'priority', 'suffix'];

/** Help for settings that the service does not describe. */
const HELP: Record<string, string> = {
  max_train_steps: 'Number of updates of the weights. With more steps, the model fits the style more closely, and forgets more.',
  learning_rate: 'Size of each update. Halve it when subjects dissolve; double it when nothing changes.',
  lr_scheduler: 'How the learning rate changes over the steps.',
  lr_warmup_steps: 'Steps over which the learning rate rises from 0.',
  gradient_accumulation_steps: 'Number of batches before each update: the effect of a larger batch with the memory of a small one.',
  max_grad_norm: 'Gradients with a larger norm are scaled down to it.',
  adam_beta1: 'Decay of the running mean of gradients.',
  adam_beta2: 'Decay of the running mean of squared gradients.',
  adam_epsilon: 'Keeps divisions by small gradients stable.',
  adam_weight_decay: 'Pulls weights towards 0.',
  resolution: 'Side of the square that each image is cropped and scaled to, in pixels.',
  crop: 'Which square of an image is used.',
  seed: 'The same seed and settings give the same weights.',
  train_text_encoder: 'Train the text encoder together with the image model.',
  gradient_checkpointing: 'Needs less memory, and about a third more time.',
  ema: 'Keep a moving average of the weights, and generate with it.',
  checkpoints_total_limit: 'Older checkpoints beyond this number are deleted.',
};

function rangeOf(schema: JsonSchema): string {
  const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below } = schema;
  const low = minimum !== undefined ? `${minimum}` : above !== undefined ? `above ${above}` : '';
  // The technical limit of whole numbers is not useful to show.
  const limit = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  const high = limit !== undefined ? `${limit.toLocaleString('en')}` : below !== undefined ? `below ${below}` : '';
  const multiple = schema.multipleOf ? `, a multiple of ${schema.multipleOf}` : '';
  return low && high ? `${low} to ${high}${multiple}` : low ? `at least ${low}${multiple}` : high && `at most ${high}${multiple}`;
}

const KINDS: Readonly<Record<string, Setting['kind']>> = { integer: 'number', number: 'number', boolean: 'boolean', array: 'choices' };

const valueOf = (schema: JsonSchema): JsonSchema => schema.anyOf?.find(({ type }) => type !== 'null') ?? schema;

function settingOf(path: readonly string[], schema: JsonSchema): Setting {
  const inner = valueOf(schema);
  const choices = inner.enum ?? inner.items?.enum;
  const name = path.at(-1) ?? '';
  return {
    name,
    path,
    kind: inner.enum ? 'choice' : (KINDS[String(inner.type)] ?? 'text'),
    choices: (choices ?? []).map(String),
    isNullable: schema.anyOf?.some(({ type: of }) => of === 'null') ?? false,
    range: rangeOf(inner),
    help: (schema.description ?? HELP[name] ?? '').replaceAll('`', ''),
  };
}

type Schemas = Record<string, JsonSchema>;

/** A setting whose schema has its default, or whose description ends with it. */
function ownSetting(path: readonly string[], { $ref: reference = '', description = '', ...schema }: JsonSchema, schemas: Schemas): Setting {
  const [help = '', usual = schema.default ?? null] = description.split(' Default: ');
  const named = schemas[reference.split('/').at(-1) ?? ''];
  return { ...settingOf(path, { ...named, ...schema, description: help }), usual };
}

function hyperparameterGroups(properties: Schemas): SettingGroup[] {
  const groups = GROUPS.map(([name]): SettingGroup => ({ name, settings: [] }));
  for (const [name, schema] of Object.entries(properties)) {
    groups[GROUPS.findIndex(([, pattern]) => pattern.test(name))]!.settings.push(settingOf(['hyperparameters', name], schema));
  }
  return groups.filter(({ settings }) => settings.length > 0);
}

export interface Settings {
  groups: SettingGroup[];
  earlyStopping: Setting[];
  job: Setting[];
}

async function readSettings(client: StyleForge): Promise<Settings> {
  const { schemas } = (await client.openapi()).components;
  const request = schemas['CreateTrainingJobRequest']?.properties ?? {};
  const stopping = valueOf(request['early_stopping'] ?? {}).properties ?? {};
  return {
    groups: hyperparameterGroups(schemas['HyperparametersRequest']?.properties ?? {}),
    job: JOB.map((name) => ownSetting([name], request[name] ?? {}, schemas)),
    earlyStopping: Object.entries(stopping).map(([name, schema]) => ownSetting(['early_stopping', name], schema, schemas)),
  };
}

export function useSettingsSchema() {
  const client = useClient();
  return useQuery({ queryKey: ['settings-schema'], queryFn: () => readSettings(client), staleTime: Infinity });
}
