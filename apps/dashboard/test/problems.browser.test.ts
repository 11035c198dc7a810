// Errors of a request name the fields of the forms.
import { expect, it } from 'vitest';
import { fieldName, problemsAt, warningText } from '../src/data/problems.ts';

it.each([
  ['/prompts/0', 'Prompt 1'],
  ['/prompts', 'Prompt'],
  ['/job/validation/prompts/1', 'Sample images, prompt 2'],
  ['/images/4/url', 'Image 5, address'],
  ['/grid/x/values/2', 'Grid across, value 3'],
  ['/adapters/0/strength', 'Adaptation 1, strength'],
  ['/style_ref/dataset_id', 'Style images'],
  ['/style_ref/components/0/prompt', 'Style images, component 1, prompt'],
  ['/negative_prompt', 'Negative prompt'],
  ['/hyperparameters/learning_rate', 'learning_rate'],
  ['/job/hyperparameters/seed', 'seed'],
  ['/webhook_events/0', 'webhook_events 1'],
  ['/early_stopping/patience', 'early_stopping, patience'],
  ['', 'The request'],
])('%s is %s', (pointer, name) => {
  expect(fieldName(pointer)).toBe(name);
});

it('names the entry at a list, and nothing at a field of its own', () => {
  const errors = [
    { pointer: '/validation/prompts/1', detail: 'is too long' },
    { pointer: '/validation/prompts', detail: 'must have at most 8 entries' },
    { pointer: '/validation/prompts_more', detail: 'is unknown' },
  ];
  expect(problemsAt(errors, '/validation/prompts')).toBe('Prompt 2: is too long; must have at most 8 entries');
  expect(problemsAt(errors, '/validation/seed')).toBeUndefined();
});

it('says to which field a warning belongs, and leaves a warning without a field as it is', () => {
  expect(warningText("/prompts/1: the text encoder ignores 'rain: cold'")).toBe("Prompt 2: the text encoder ignores 'rain: cold'");
  expect(warningText('/negative_prompt: is cut')).toBe('Negative prompt: is cut');
  expect(warningText('and 2 more prompts that are cut')).toBe('and 2 more prompts that are cut');
});
