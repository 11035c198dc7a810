// Sample images of a training, as the form begins with them.
import { readPreferences } from './preferences.ts';
import { type Draft, getAt, linesOf } from './training-draft.ts';

export function usualSamples(draft: Draft, defaults: Record<string, unknown>): object {
  const steps = Number(getAt(draft, ['hyperparameters', 'max_train_steps']) ?? defaults['max_train_steps'] ?? 1000);
  return { prompts: linesOf(readPreferences().samplePrompts), every_steps: Math.max(1, Math.round(steps / 5)), seed: 42 };
}
