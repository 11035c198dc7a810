// The lightbox: images one after the other by key, and the slider between before and after.
import { useState } from 'react';
import { expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { Lightbox, type LightboxItem } from '../src/ui/lightbox.tsx';
import { show } from './render.tsx';

const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';
const plain = (title: string): LightboxItem => ({ path: PIXEL, title });
const compared: LightboxItem = { ...plain('woman'), before: { path: PIXEL, label: 'Before', afterLabel: 'Step 40' } };

it('shows the next image on arrow keys, also after the last one, and closes on Escape', async () => {
  const onIndex = vi.fn();
  const onClose = vi.fn();
  show(<Lightbox items={['a', 'b', 'c'].map(plain)} index={2} onIndex={onIndex} onClose={onClose} />);
  await expect.element(page.getByText('3 of 3')).toBeVisible();
  await userEvent.keyboard('{ArrowRight}');
  expect(onIndex).toHaveBeenLastCalledWith(0);
  await userEvent.keyboard('{ArrowLeft}');
  expect(onIndex).toHaveBeenLastCalledWith(1);
  await userEvent.keyboard('{Escape}');
  await vi.waitFor(() => expect(onClose).toHaveBeenCalled());
});

it(
  'shows the next image when a finger moves to the left, the one before to the right, and none for a scroll or ' + 'at the divider',
  async () => {
    const onIndex = vi.fn();
    show(<Lightbox items={[compared, plain('b'), plain('c')]} index={0} onIndex={onIndex} onClose={() => undefined} />);
    const image = page.getByRole('img', { name: 'Step 40 woman' });
    await expect.element(image).toBeVisible();
    const swipe = (target: Element, x: number, y: number) => {
      for (const [type, clientX, clientY] of [
        ['touchstart', 200, 200],
        ['touchend', 200 + x, 200 + y],
      ] as const) {
        const finger = new Touch({ identifier: 1, target, clientX, clientY });
        const touches = type === 'touchstart' ? [finger] : [];
        target.dispatchEvent(new TouchEvent(type, { bubbles: true, touches, changedTouches: [finger] }));
      }
    };
    swipe(image.element(), -120, 10);
    expect(onIndex).toHaveBeenLastCalledWith(1);
    swipe(image.element(), 120, 10);
    expect(onIndex).toHaveBeenLastCalledWith(2);
    swipe(image.element(), -120, 200);
    swipe(image.element(), -20, 0);
    swipe(page.getByRole('slider').element(), -120, 0);
    expect(onIndex).toHaveBeenCalledTimes(2);
  },
);

it('gives the focus back to what opened it', async () => {
  const Opener = () => {
    const [isOpen, setOpen] = useState(false);
    return (
      <>
        <button type="button" onClick={() => setOpen(true)}>
          open
        </button>
        {isOpen && <Lightbox items={[plain('a')]} index={0} onIndex={() => undefined} onClose={() => setOpen(false)} />}
      </>
    );
  };
  show(<Opener />);
  const button = page.getByRole('button', { name: 'open' });
  (button.element() as HTMLElement).focus();
  await userEvent.keyboard('{Enter}');
  await expect.element(page.getByText('1 of 1')).toBeVisible();
  await userEvent.keyboard('{Escape}');
  await vi.waitFor(() => expect(document.activeElement).toBe(button.element()));
});

it('goes to other rows by up and down', async () => {
  const onRow = vi.fn();
  show(<Lightbox items={['a', 'b'].map(plain)} index={0} onIndex={() => undefined} onRow={onRow} onClose={() => undefined} />);
  await userEvent.keyboard('{ArrowDown}{ArrowUp}');
  expect(onRow.mock.calls).toEqual([[1], [-1]]);
});

it('moves the divider by arrow keys in the slider without leaving the image', async () => {
  const onIndex = vi.fn();
  const frame = show(<Lightbox items={[compared, plain('house')]} index={0} onIndex={onIndex} onClose={() => undefined} />);
  const slider = page.getByRole('slider', { name: 'Divider between before and after' });
  (slider.element() as HTMLElement).focus();
  await userEvent.keyboard('{ArrowRight}{ArrowRight}');
  expect((slider.element() as HTMLInputElement).value).toBe('52');
  expect(frame.querySelector<HTMLElement>('.compare')?.style.getPropertyValue('--at')).toBe('52%');
  expect(onIndex).not.toHaveBeenCalled();
  await expect.element(page.getByRole('img', { name: 'Before: woman' })).toBeInTheDocument();
  await expect.element(page.getByRole('img', { name: 'Step 40 woman' })).toBeInTheDocument();
});
