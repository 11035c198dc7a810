// The words for the style: one field for each component, whose prompts keep their words.
import { useState } from 'react';
import { expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { type Draft, emptyDraft, setAt, withPlaceholders } from '../src/data/training-draft.ts';
import { Tokens, withToken } from '../src/screens/train/tokens.tsx';
import { show } from './render.tsx';

let draft: Draft;

function Form({ method }: { method: Draft['method'] }) {
  const [current, setCurrent] = useState<Draft>({ ...emptyDraft('styleforge-mini'), method });
  draft = current;
  const error = { pointer: '/style_ref/components/0/token', detail: 'must be a word' };
  const check = { errors: [error], detail: 'wrong' };
  return <Tokens draft={current} change={(path, value) => setCurrent(setAt(current, path, value))} check={check} defaults={{}} />;
}

it('names the one component of most methods, shows its error, and asks for nothing once it is empty again', async () => {
  show(<Form method="dreambooth" />);
  const field = page.getByLabelText('Token');
  await field.fill('sks');
  expect(draft.style_ref).toEqual({ dataset_id: '', components: [{ name: 'all', token: 'sks' }] });
  await expect.element(page.getByText('must be a word')).toBeVisible();
  await field.fill('');
  expect(draft.style_ref).toEqual({ dataset_id: '' });
});

it('has a field for each component of a method that has several', async () => {
  show(<Form method="multi-styleforge" />);
  await page.getByLabelText('Token of background').fill('ukj');
  expect(draft.style_ref?.components).toEqual([{ name: 'person' }, { name: 'background', token: 'ukj' }]);
});

it('puts the new token into the prompt of a cloned job', () => {
  expect(withToken({ name: 'all', token: 'zwx', prompt: 'a photo of zwx style' }, 'sks')).toEqual({
    ...{ name: 'all', token: 'sks', prompt: 'a photo of [V] style' },
  });
});

it('puts placeholders where a cloned job names its tokens, in whole words alone', () => {
  const components = [
    { name: 'person', token: 'zwx' },
    { name: 'background', token: '<ukj>' },
  ];
  expect(withPlaceholders('a zwx person, zwxy, in <ukj> style', components)).toBe('a [V] person, zwxy, in [background] style');
});
