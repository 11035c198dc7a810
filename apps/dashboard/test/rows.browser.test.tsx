// Rows of a long list: those near the window, in frames that scroll with the page and by themselves.
import { useRef } from 'react';
import { expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { useRows } from '../src/ui/rows.ts';
import { show, update } from './render.tsx';

const COUNT = 1000;
let scrollTo: (index: number) => void;

function List({ count = COUNT, scrolls = false, tall = 40 }: { count?: number; scrolls?: boolean; tall?: number }) {
  const frame = useRef<HTMLDivElement>(null);
  const { shown, before, after, measure, reveal } = useRows({ count, height: 40, beyond: 2, frame, scrolls });
  scrollTo = reveal;
  return (
    <div ref={frame} aria-label="frame" role="region" style={scrolls ? { height: 200, overflow: 'auto' } : {}}>
      <div style={{ height: before }} />
      {shown.map((index) => (
        <div key={index} ref={measure} data-index={index} style={{ height: index === 0 ? tall : 40 }}>{`row ${index}`}</div>
      ))}
      <div style={{ height: after }} />
    </div>
  );
}

const rows = () => page.getByText(/^row \d+$/).elements().length;
const height = () => page.getByRole('region').element().scrollHeight;

it('renders those in the window and a few more, and keeps the space of all', async () => {
  show(<List />);
  await expect.element(page.getByText('row 0')).toBeVisible();
  expect(rows()).toBeLessThan(innerHeight / 40 + 8);
  expect(height()).toBe(COUNT * 40);
  scrollBy(0, 20_000);
  await expect.element(page.getByText('row 505')).toBeVisible();
  expect(page.getByText('row 0').elements()).toEqual([]);
  expect(height()).toBe(COUNT * 40);
});

it('scrolls the page to a row, and not at all for one that is visible', async () => {
  show(<List />);
  scrollTo(900);
  await expect.element(page.getByText('row 900')).toBeInViewport();
  const place = scrollY;
  scrollTo(899);
  expect(scrollY).toBe(place);
  scrollTo(0);
  await expect.element(page.getByText('row 0')).toBeInViewport();
});

it('measures a row that is taller, and renders the last row of a shorter list', async () => {
  show(<List scrolls tall={140} />);
  await expect.poll(height).toBe(COUNT * 40 + 100);
  page.getByRole('region').element().scrollTo(0, 1e6);
  await expect.element(page.getByText('row 999')).toBeVisible();
  expect(rows()).toBeLessThan(12);
  update(<List scrolls tall={140} count={3} />);
  await expect.element(page.getByText('row 2')).toBeVisible();
  expect([rows(), height()]).toEqual([3, 220]);
});
