// Fields of settings: what they put into the request, their mark when changed, and the groups that they are folded into.
import { useState } from 'react';
import { expect, it } from 'vitest';
import { page } from 'vitest/browser';
import type { Setting } from '../src/data/settings-schema.ts';
import { type Draft, emptyDraft, setAt } from '../src/data/training-draft.ts';
import { Group } from '../src/screens/train/group.tsx';
import { isChanged, SettingField } from '../src/screens/train/setting-field.tsx';
import { show, update } from './render.tsx';

const setting = (change: Partial<Setting> & Pick<Setting, 'path'>): Setting => ({
  ...{ name: change.path.at(-1) ?? '', kind: 'number', choices: [], isNullable: false, range: '', help: '' },
  ...change,
});
const PATIENCE = setting({ path: ['early_stopping', 'patience'], initial: 2, usual: 2, range: '1 to 1,000' });
const URL_OF_HOOK = setting({ path: ['webhook_url'], kind: 'text', usual: null });
const EVENTS = setting({ path: ['webhook_events'], kind: 'choices', choices: ['queued', 'failed'], usual: 'all' });
const REFERENCE = setting({ path: ['reference'], kind: 'choice', choices: ['ds_1'], titles: { ds_1: 'ink' }, usual: null });

let draft: Draft;

function Form() {
  const [current, setCurrent] = useState<Draft>(setAt(emptyDraft('mini'), ['early_stopping'], { metric: 'clip', patience: 2 }));
  draft = current;
  const check = { errors: [{ pointer: '/webhook_url', detail: 'must be an address' }], detail: 'wrong' };
  const part = { draft: current, change: (path: readonly string[], value: unknown) => setCurrent(setAt(current, path, value)) };
  const settings = [PATIENCE, URL_OF_HOOK, EVENTS, REFERENCE];
  return settings.map((one) => <SettingField key={one.name} setting={one} {...part} check={check} defaults={{}} />);
}

it('marks a setting that the request must contain only once it differs, and resets it to its first value', async () => {
  show(<Form />);
  await page.getByLabelText('patience', { exact: true }).fill('5');
  expect(draft.early_stopping).toMatchObject({ patience: 5 });
  await expect.element(page.getByText('Default 2; 1 to 1,000')).toBeVisible();
  expect(isChanged(draft, PATIENCE)).toBe(true);
  await page.getByRole('button', { name: 'Reset' }).click();
  expect(draft.early_stopping).toEqual({ metric: 'clip', patience: 2 });
  await expect.element(page.getByLabelText('patience', { exact: true })).toBeVisible();
});

it('keeps text that looks like a number, shows its error at the field, and names nothing once it is empty', async () => {
  show(<Form />);
  await page.getByLabelText('webhook_url').fill('123');
  expect(draft.webhook_url).toBe('123');
  await expect.element(page.getByText('must be an address')).toBeVisible();
  await page.getByLabelText('webhook_url (changed)').fill('');
  expect('webhook_url' in draft).toBe(false);
});

it('lists several choices in their order, none as the default, and shows titles in place of ids', async () => {
  show(<Form />);
  await page.getByLabelText('failed').click();
  await page.getByLabelText('queued').click();
  expect(draft.webhook_events).toEqual(['queued', 'failed']);
  await page.getByLabelText('failed').click();
  await page.getByLabelText('queued').click();
  expect('webhook_events' in draft).toBe(false);
  await page.getByLabelText('reference').selectOptions('ink');
  expect(draft['reference']).toBe('ds_1');
});

it('opens a group that has an error, and leaves it open when the error is corrected', async () => {
  const group = (isWrong: boolean) => (
    <Group name="Memory" changed={1} isWrong={isWrong}>
      <p>field</p>
    </Group>
  );
  show(group(false));
  await expect.element(page.getByText('field')).not.toBeVisible();
  update(group(true));
  await expect.element(page.getByText('field')).toBeVisible();
  await expect.element(page.getByText('Not valid')).toBeVisible();
  // the browser reports that it has opened in a task of its own
  await new Promise((resolve) => setTimeout(resolve, 50));
  update(group(false));
  await expect.element(page.getByText('field')).toBeVisible();
  await expect.element(page.getByText('1 changed')).toBeVisible();
});
