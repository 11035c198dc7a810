// The shipped prompts and the base model that they are for.
import { SHIPPED_PROMPT_SETS } from '@styleforge/contracts';
import { listCoreSubjects } from '@styleforge/samples';
import { expect, it } from 'vitest';

it('contains only subjects that the mini base has learned', () => {
  const learned = new Set(listCoreSubjects().map(({ name }) => name));
  const mini = SHIPPED_PROMPT_SETS.find(({ name }) => name === 'mini');
  expect(mini?.prompts.filter((prompt) => !learned.has(prompt))).toEqual([]);
});
