// Zooming of a chart: by mouse, by finger and by keyboard; new steps keep what is shown.
import { type ReactElement, useState } from 'react';
import { expect, it, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import type { Zoom } from '../src/screens/job/chart-zoom.ts';
import { LossChart } from '../src/screens/job/loss-chart.tsx';
import { StepRange, useZoom } from '../src/screens/job/step-range.tsx';
import { show, update } from './render.tsx';

const marks = { checkpoints: [], samples: [] };

function Chart({ count }: { count: number }): ReactElement {
  const steps = Array.from({ length: count }, (_, index) => index + 1);
  const [zoom, onZoom] = useZoom(steps);
  const [step, onStep] = useState<number | null>(null);
  const curves = [{ label: 'StyleRef', color: '--accent', values: steps.map((at) => 1 / at) }];
  return (
    <>
      <LossChart {...{ steps, curves, marks, zoom, onZoom, step, onStep }} isLog={false} />
      <StepRange {...{ steps, zoom, onZoom }} />
      <output>{step}</output>
    </>
  );
}

const first = () => page.getByLabelText('First step shown');
const last = () => page.getByLabelText('Last step shown');
const shown = (): Zoom | null => {
  const [, from, to] = /zoom=(\d+)-(\d+)/.exec(location.search) ?? [];
  return from === undefined ? null : [Number(from), Number(to)];
};

/** The step that the chart draws in its middle. */
async function middleOf(over: HTMLElement): Promise<number> {
  await userEvent.unhover(over);
  await userEvent.hover(over);
  return Number(document.querySelector('output')!.textContent);
}

/** The chart of a thousand steps, with all of them in view. */
function open(): HTMLElement {
  history.replaceState(null, '', location.pathname);
  return show(<Chart count={1_000} />).querySelector<HTMLElement>('.u-over')!;
}

it('shows what a mouse drags over, keeps it when steps are added, and shows all after a double click', async () => {
  const over = open();
  const { clientWidth: width, clientHeight: height } = over;
  await userEvent.dragAndDrop(over, over, {
    sourcePosition: { x: width * 0.25, y: height / 2 },
    targetPosition: { x: width * 0.75, y: height / 2 },
  });
  await vi.waitFor(() => expect(shown()).not.toBeNull());
  expect(Math.abs(shown()![0] - 250)).toBeLessThan(8);
  expect(Math.abs(shown()![1] - 750)).toBeLessThan(8);
  await expect.element(first()).toHaveValue(String(shown()![0]));
  const before = shown();
  update(<Chart count={1_100} />);
  await expect.element(last()).toHaveValue(String(before![1]));
  expect(shown()).toEqual(before);
  await vi.waitFor(async () => expect(Math.abs((await middleOf(over)) - 500)).toBeLessThan(8), { timeout: 8_000 });
  await userEvent.dblClick(over);
  await vi.waitFor(() => expect(shown()).toBeNull());
  await expect.element(last()).toHaveValue('1100');
});

it('shows what a finger moves over sideways, and leaves what it moves up and down to the page', async () => {
  const over = open();
  const { left, top, width } = over.getBoundingClientRect();
  expect(getComputedStyle(over).touchAction).toBe('pan-y');
  const touch = (type: string, share: number) =>
    over.dispatchEvent(
      new PointerEvent(type, { pointerType: 'touch', isPrimary: true, clientX: left + width * share, clientY: top + 40, bubbles: true }),
    );
  touch('pointerdown', 0.5);
  touch('pointermove', 0.2);
  touch('pointercancel', 0.2);
  touch('pointerup', 0.2);
  expect(shown()).toBeNull();
  touch('pointerdown', 0.8);
  touch('pointermove', 0.4);
  touch('pointerup', 0.4);
  await vi.waitFor(() => expect(shown()).not.toBeNull());
  expect(Math.abs(shown()![0] - 400)).toBeLessThan(8);
  expect(Math.abs(shown()![1] - 800)).toBeLessThan(8);
  await page.getByRole('button', { name: 'Show all steps' }).click();
  await vi.waitFor(() => expect(shown()).toBeNull());
});

it('shows the steps of its fields, ignores what is no step, and shows all when they are all', async () => {
  open();
  await userEvent.fill(first(), '100');
  await userEvent.keyboard('{Enter}');
  await vi.waitFor(() => expect(shown()).toEqual([100, 1_000]));
  await expect.element(first()).toHaveFocus();
  await userEvent.fill(last(), 'x');
  await userEvent.tab();
  expect(shown()).toEqual([100, 1_000]);
  await expect.element(last()).toHaveValue('1000');
  await userEvent.fill(first(), '1');
  await userEvent.keyboard('{Enter}');
  await vi.waitFor(() => expect(shown()).toBeNull());
});

it('moves the other end where a field would pass it, and keeps the focus when all steps are shown again', async () => {
  open();
  await userEvent.fill(last(), '200');
  await userEvent.keyboard('{Enter}');
  await userEvent.fill(first(), '500');
  await userEvent.keyboard('{Enter}');
  await vi.waitFor(() => expect(shown()).toEqual([500, 1_000]));
  await userEvent.fill(last(), '300');
  await userEvent.keyboard('{Enter}');
  await vi.waitFor(() => expect(shown()).toEqual([1, 300]));
  await userEvent.tab();
  await userEvent.keyboard('{Enter}');
  await vi.waitFor(() => expect(shown()).toBeNull());
  await expect.element(page.getByRole('group', { name: 'Steps shown' })).toHaveFocus();
});

it('shows what there is of the part that the address names', async () => {
  history.replaceState(null, '', `${location.pathname}?zoom=900-5000`);
  show(<Chart count={1_000} />);
  await expect.element(first()).toHaveValue('900');
  await expect.element(last()).toHaveValue('1000');
  update(<Chart count={1_100} />);
  await expect.element(last()).toHaveValue('1100');
  update(<Chart count={800} />);
  await expect.element(last()).toHaveValue('800');
  await expect.element(first()).toHaveValue('1');
  history.replaceState(null, '', location.pathname);
});

it('begins with the part that the address names', async () => {
  history.replaceState(null, '', `${location.pathname}?zoom=200-300`);
  const over = show(<Chart count={1_000} />).querySelector<HTMLElement>('.u-over')!;
  await expect.element(first()).toHaveValue('200');
  await vi.waitFor(async () => expect(Math.abs((await middleOf(over)) - 250)).toBeLessThan(4), { timeout: 8_000 });
  await expect.element(page.getByRole('button', { name: 'Show all steps' })).toBeVisible();
  history.replaceState(null, '', location.pathname);
});
