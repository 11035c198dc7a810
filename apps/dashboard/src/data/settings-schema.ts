// Settings of a training job from the service's schema: kind, range, default and help, in groups.
import type { JsonSchema, StyleForge } from '@styleforge/sdk';
import { useQuery } from '@tanstack/react-query';
import { useClient } from './session.ts';

export interface Setting {
  name: string;
  kind: 'integer' | 'number' | 'boolean' | 'choice' | 'text';
  choices: string[];
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

function settingOf(name: string, schema: JsonSchema): Setting {
  const inner = schema.anyOf?.find(({ type }) => type !== 'null') ?? schema;
  const type = inner.enum ? 'choice' : inner.type;
  return {
    name,
    kind: type === 'integer' || type === 'number' || type === 'boolean' || type === 'choice' ? type : 'text',
    choices: (inner.enum ?? []).map(String),
    isNullable: schema.anyOf?.some(({ type: of }) => of === 'null') ?? false,
    range: rangeOf(inner),
    help: schema.description ?? HELP[name] ?? '',
  };
}

async function readSettings(client: StyleForge): Promise<SettingGroup[]> {
  const { components } = await client.openapi();
  const schemas = components.schemas;
  const properties = schemas['HyperparametersRequest']?.properties ?? {};
  const groups = GROUPS.map(([name]): SettingGroup => ({ name, settings: [] }));
  for (const [name, schema] of Object.entries(properties)) {
    groups[GROUPS.findIndex(([, pattern]) => pattern.test(name))]!.settings.push(settingOf(name, schema));
  }
  return groups.filter(({ settings }) => settings.length > 0);
}

export function useSettingsSchema() {
  const client = useClient();
  return useQuery({ queryKey: ['settings-schema'], queryFn: () => readSettings(client), staleTime: Infinity });
}
