// The form and the YAML are two views of one request.
import { useState } from 'react';
import { parse } from 'yaml';
import { expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { type Draft, emptyDraft, requestOf, setAt } from '../src/data/training-draft.ts';
import { YamlView } from '../src/screens/train/yaml-view.tsx';
import { show } from './render.tsx';

let draft: Draft;

function Both() {
  const [current, setCurrent] = useState(emptyDraft('styleforge-mini'));
  draft = current;
  return (
    <>
      <button type="button" onClick={() => setCurrent(setAt(current, ['hyperparameters', 'seed'], 7))}>
        form
      </button>
      <YamlView draft={current} onDraft={setCurrent} check={undefined} />
    </>
  );
}

const field = () => page.getByLabelText('Request as YAML');
const text = () => (field().element() as HTMLTextAreaElement).value;

it('shows changes of the form immediately in the YAML, and the other way round', async () => {
  show(<Both />);
  await page.getByRole('button', { name: 'form' }).click();
  expect(parse(text())).toEqual(draft);
  expect(draft.hyperparameters).toEqual({ seed: 7 });
  await field().fill(text().replace('seed: 7', 'seed: 8\n  learning_rate: 0.0002'));
  expect(draft.hyperparameters).toEqual({ seed: 8, learning_rate: 0.0002 });
});

it('keeps the request while the typed text is invalid, and says why', async () => {
  show(<Both />);
  const before = draft;
  await field().fill('method: [');
  expect(draft).toBe(before);
  await expect.element(field()).toHaveAttribute('aria-invalid', 'true');
  await field().fill('- a list');
  await expect.element(page.getByText('The request must be a mapping of settings.')).toBeVisible();
  expect(draft).toBe(before);
});

it('sends no dataset that is not chosen, and no empty Aux part to a method that works without it', () => {
  const single = emptyDraft('styleforge-mini');
  expect(requestOf(single)).toMatchObject({ style_ref: {}, aux: {} });
  expect(requestOf({ ...single, method: 'lora' })).not.toHaveProperty('aux');
  expect(setAt(setAt(single, ['hyperparameters', 'seed'], 1), ['hyperparameters', 'seed'], undefined)).toEqual(single);
});
