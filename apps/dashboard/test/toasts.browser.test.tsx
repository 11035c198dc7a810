// Messages in the corner: in front of an open dialog, and in the page once it is closed.
import { APIError } from '@styleforge/sdk';
import { expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { notifyError } from '../src/data/toasts.ts';
import { Dialog } from '../src/ui/dialog.tsx';
import { Toasts } from '../src/ui/toasts.tsx';
import { show, update } from './render.tsx';

const screen = (isOpen: boolean) => (
  <>
    <Toasts />
    {isOpen && (
      <Dialog title="Upload" onClose={() => undefined}>
        <p>content</p>
      </Dialog>
    )}
  </>
);

it('appear in the open dialog, where they can be pressed, and afterwards in the page', async () => {
  show(screen(true));
  const errors = [{ pointer: '/images/4/url', detail: 'must be a URL' }];
  const problem = { detail: '/images/4/url: must be a URL', errors, request_id: 'req_1' };
  notifyError('The upload failed', new APIError(422, problem, new Headers()));
  await expect.element(page.getByRole('dialog').getByText('Image 5, address: must be a URL')).toBeVisible();
  expect(page.getByText('must be a URL').elements()).toHaveLength(1);
  update(screen(false));
  await expect.element(page.getByText('Image 5, address: must be a URL')).toBeVisible();
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await expect.element(page.getByText('The upload failed')).not.toBeInTheDocument();
});
