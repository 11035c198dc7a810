// Dialogs: text that was typed is not lost by Escape or a click outside.
import type { ReactElement } from 'react';
import { expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { Dialog, DialogActions } from '../src/ui/dialog.tsx';
import { show } from './render.tsx';

const onClose = vi.fn();
const question = page.getByText('Discard what you typed?');
const button = (name: string) => page.getByRole('button', { name });

function Form(): ReactElement {
  return (
    <Dialog title="New thing" onClose={onClose}>
      <form>
        <input aria-label="Name" defaultValue="" autoFocus />
        <DialogActions label="Create" disabled={false} onClose={onClose} />
      </form>
    </Dialog>
  );
}

const clickOutside = () => document.querySelector('dialog')!.click();

it('closes at once on Escape and on a click outside while nothing was typed, or all of it was erased', async () => {
  onClose.mockClear();
  show(<Form />);
  await userEvent.keyboard('{Escape}');
  expect(onClose).toHaveBeenCalledTimes(1);
  clickOutside();
  expect(onClose).toHaveBeenCalledTimes(2);
  await userEvent.type(page.getByLabelText('Name'), 'x{Backspace}');
  clickOutside();
  expect(onClose).toHaveBeenCalledTimes(3);
});

it('asks before it loses text, continues by "Keep editing", Escape or more text, and closes by "Discard"', async () => {
  onClose.mockClear();
  show(<Form />);
  const name = page.getByLabelText('Name');
  await userEvent.type(name, 'my style');
  await userEvent.keyboard('{Escape}');
  await expect.element(question).toBeVisible();
  expect(document.activeElement).toBe(button('Keep editing').element());
  await userEvent.keyboard('{Enter}');
  await expect.element(question).not.toBeInTheDocument();
  expect(document.activeElement).toBe(name.element());
  clickOutside();
  await expect.element(question).toBeVisible();
  await userEvent.keyboard('{Escape}');
  await expect.element(question).not.toBeInTheDocument();
  await userEvent.keyboard('{Escape}');
  await userEvent.type(name, '2');
  await expect.element(question).not.toBeInTheDocument();
  await expect.element(name).toHaveValue('my style2');
  expect(onClose).not.toHaveBeenCalled();
  await userEvent.keyboard('{Escape}');
  await button('Discard').click();
  expect(onClose).toHaveBeenCalledTimes(1);
});

it('does not ask about a search field, or when the user cancels', async () => {
  onClose.mockClear();
  show(
    <Dialog title="Go to" onClose={onClose}>
      <input aria-label="Command" autoFocus />
    </Dialog>,
  );
  await userEvent.keyboard('job{Escape}');
  expect(onClose).toHaveBeenCalledTimes(1);
  show(<Form />);
  await userEvent.keyboard('my style');
  await button('Cancel').click();
  expect(onClose).toHaveBeenCalledTimes(2);
});
