// Starting points for a training: what each changes about the defaults.
import type { Draft } from './training-draft.ts';

type Defaults = Record<string, unknown>;
export interface Preset {
  id: string;
  label: string;
  about: string;
  apply(defaults: Defaults): { hyperparameters: Record<string, unknown>; validation?: object; evaluation?: object };
}

const PROMPTS = ['woman', 'house', 'bear', 'mushroom'].map((subject) => `a photo of [V] style, ${subject}`);
const stepsOf = (defaults: Defaults) => Number(defaults['max_train_steps'] ?? 1000);
const samplesEvery = (steps: number) => ({ prompts: PROMPTS, every_steps: Math.max(1, Math.round(steps / 5)), seed: 42 });

export const PRESETS: Preset[] = [
  {
    id: 'quick',
    label: 'Quick look',
    about: 'Half the steps. See whether the images fit.',
    apply: (defaults) => {
      const steps = Math.max(1, Math.round(stepsOf(defaults) / 2));
      return { hyperparameters: { max_train_steps: steps }, validation: samplesEvery(steps) };
    },
  },
  {
    id: 'balanced',
    label: 'Balanced',
    about: 'The defaults of the base model, with samples.',
    apply: (defaults) => ({ hyperparameters: {}, validation: samplesEvery(stepsOf(defaults)) }),
  },
  {
    id: 'thorough',
    label: 'Thorough',
    about: 'Twice the steps at half the rate, checkpoints on the way, an evaluation at the end.',
    apply: (defaults) => {
      const steps = stepsOf(defaults) * 2;
      return {
        hyperparameters: {
          max_train_steps: steps,
          learning_rate: Number(defaults['learning_rate']) / 2,
          checkpointing_steps: Math.round(steps / 4),
        },
        validation: samplesEvery(steps),
        evaluation: { compare_with: ['base'], metrics: ['kid', 'clip'] },
      };
    },
  },
  {
    id: 'low-memory',
    label: 'Low memory',
    about: 'One image at a time, gradients recomputed. Slower, with less memory.',
    apply: (defaults) => ({
      hyperparameters: {
        train_batch_size: 1,
        gradient_accumulation_steps: Number(defaults['train_batch_size'] ?? 1) * Number(defaults['gradient_accumulation_steps'] ?? 1),
        gradient_checkpointing: true,
      },
      validation: samplesEvery(stepsOf(defaults)),
    }),
  },
];

export function withPreset(draft: Draft, preset: Preset, defaults: Defaults): Draft {
  const { hyperparameters, validation, evaluation } = preset.apply(defaults);
  const { validation: _v, evaluation: _e, hyperparameters: kept = {}, ...rest } = draft;
  const captions = 'use_captions' in kept ? { use_captions: (kept as Defaults)['use_captions'] } : {};
  return {
    ...rest,
    hyperparameters: { ...captions, ...hyperparameters },
    ...(validation && { validation }),
    ...(evaluation && { evaluation }),
  } as Draft;
}
