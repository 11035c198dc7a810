// What was entered into the form of a new training.
import { expect, it } from 'vitest';
import { keepDraft, keptDraft } from '../src/data/kept-draft.ts';
import { emptyDraft } from '../src/data/training-draft.ts';

it('brings back what was entered, unless its base model is gone or it was forgotten', () => {
  const draft = { ...emptyDraft('mini'), name: 'ink' };
  keepDraft(draft);
  expect(keptDraft(['other', 'mini'])).toEqual(draft);
  expect(keptDraft(['other'])).toBeNull();
  keepDraft(null);
  expect(keptDraft(['mini'])).toBeNull();
});
