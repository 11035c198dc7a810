// Presets: changes to the defaults of a base model and a method for a purpose, such as a quick look.
import { z } from 'zod';
import { ADAPTATION_HYPERPARAMETERS, adaptationRequest, RANKED_ADAPTATION } from './adaptations.ts';
import type { AdaptationKind, AdaptationRequest } from './adaptations.ts';
import { baseModelName } from '../models/base-models.ts';
import type { BaseModelProfile } from '../models/base-models.ts';
import { hyperparametersRequest, METHOD_HYPERPARAMETERS } from './hyperparameters.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import { METHOD_ADAPTATIONS, METHOD_SETTINGS, POSSIBLE_ADAPTATIONS } from './methods.ts';
import { defaultHyperparameters } from './training-config.ts';
import { TRAINING_METHODS } from './methods.ts';
import type { TrainingMethod } from './methods.ts';

export const PRESET_NAMES = ['quick-look', 'balanced', 'thorough', 'low-memory', 'paper'] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

const presetRequest = z.object({
  adaptation: adaptationRequest.optional(),
  hyperparameters: hyperparametersRequest,
  validation: z.object({ prompts: z.array(z.string()), every_steps: z.int(), seed: z.int() }).optional(),
  evaluation: z.object({ compare_with: z.array(z.string()), metrics: z.array(z.enum(['kid', 'clip'])) }).optional(),
});

export const preset = z
  .object({
    name: z.enum(PRESET_NAMES),
    title: z.string(),
    description: z.string(),
    request: presetRequest.describe('Fields to put into the body of POST /v1/training-jobs; all other settings keep their defaults'),
  })
  .meta({ id: 'TrainingPreset' });
export type Preset = z.infer<typeof preset>;

export const presetList = z.object({ data: z.array(preset) }).meta({ id: 'TrainingPresetList' });

export const presetQuery = z.strictObject({
  base_model: baseModelName.optional().describe('The base model whose defaults the presets change. Default: the defaults of the method'),
  method: z.enum(TRAINING_METHODS).default('single-styleforge'),
});

/** Input for which a preset is computed. `defaultsOf` gives the settings without it, for an adaptation. */
interface Subject {
  method: TrainingMethod;
  kind: AdaptationKind;
  /** Whether the method works with any adaptation. */
  isFree: boolean;
  defaultsOf(kind: AdaptationKind): Hyperparameters;
}

interface Intent {
  title: string;
  description: string;
  change(subject: Subject): Preset['request'];
}

const SUBJECTS = ['woman', 'house', 'bear', 'mushroom'];
const SAMPLES = 5;

/** Samples of four subjects, five times during the training. */
function samples(steps: number): Required<Pick<Preset['request'], 'validation'>> {
  const prompts = SUBJECTS.map((subject) => `a photo of [V] style, ${subject}`);
  return { validation: { prompts, every_steps: Math.max(1, Math.round(steps / SAMPLES)), seed: 42 } };
}

/** An adaptation that fits into memory next to a large model. */
const SMALL = { kind: RANKED_ADAPTATION, rank: 8 } as const satisfies AdaptationRequest;

const INTENTS: Record<PresetName, Intent> = {
  'quick-look': {
    title: 'Quick look',
    description: 'Half the steps, with samples: shows whether the images fit.',
    change: ({ kind, defaultsOf }) => {
      const steps = Math.max(1, Math.round(defaultsOf(kind).max_train_steps / 2));
      return { hyperparameters: { max_train_steps: steps }, ...samples(steps) };
    },
  },
  balanced: {
    title: 'Balanced',
    description: 'The defaults of the base model and the method, with samples.',
    change: ({ kind, defaultsOf }) => ({ hyperparameters: {}, ...samples(defaultsOf(kind).max_train_steps) }),
  },
  thorough: {
    title: 'Thorough',
    description: 'Twice the steps at half the learning rate, with intermediate checkpoints and a final evaluation.',
    change: ({ kind, defaultsOf }) => {
      const { max_train_steps, learning_rate } = defaultsOf(kind);
      const steps = max_train_steps * 2;
      const every = Math.max(1, Math.round(steps / 4));
      return {
        hyperparameters: { max_train_steps: steps, learning_rate: learning_rate / 2, checkpointing_steps: every },
        ...samples(steps),
        evaluation: { compare_with: ['base'], metrics: ['kid', 'clip'] },
      };
    },
  },
  'low-memory': {
    title: 'Low memory',
    description: 'A small LoRA if the method allows one, one image at a time, and recomputed activations. Slower, with far less memory.',
    change: ({ kind, isFree, defaultsOf }) => {
      const { train_batch_size, gradient_accumulation_steps, max_train_steps } = defaultsOf(isFree ? SMALL.kind : kind);
      return {
        ...(isFree && { adaptation: SMALL }),
        hyperparameters: {
          train_batch_size: 1,
          gradient_accumulation_steps: Math.min(256, train_batch_size * gradient_accumulation_steps),
          gradient_checkpointing: true,
          train_text_encoder: false,
        },
        ...samples(max_train_steps),
      };
    },
  },
  paper: {
    title: 'Paper',
    description:
      "The numbers of the method's authors for Stable Diffusion 1.5; other base models may need other values. No " +
      'samples during the training.',
    change: ({ method, kind, defaultsOf }) => {
      const { resolution } = defaultsOf(kind);
      return {
        hyperparameters: { ...METHOD_HYPERPARAMETERS, ...ADAPTATION_HYPERPARAMETERS[kind], ...METHOD_SETTINGS[method], resolution },
      };
    },
  },
};

/** Presets for a base model with this profile. */
export function presetsOf(profile: BaseModelProfile, method: TrainingMethod): Preset[] {
  const subject: Subject = {
    method,
    kind: METHOD_ADAPTATIONS[method],
    isFree: POSSIBLE_ADAPTATIONS[method] === null,
    defaultsOf: (kind) => defaultHyperparameters(profile, method, kind),
  };
  return PRESET_NAMES.map((name) => {
    const { title, description, change } = INTENTS[name];
    return { name, title, description, request: change(subject) };
  });
}
