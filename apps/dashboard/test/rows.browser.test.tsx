// Rows of a long list: those near the window, in frames that scroll with the page and by themselves.
import type { TrainingJob } from '@styleforge/sdk';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useRef } from 'react';
import { expect, it, vi } from 'vitest';
import { page } from 'vitest/browser';
import { type Session, SessionContext } from '../src/data/session.ts';
import { JobThumbnail } from '../src/ui/job-card.tsx';
import { useRows } from '../src/ui/rows.ts';
import { useSeen } from '../src/ui/seen.ts';
import { useStill } from '../src/ui/still.ts';
import { show, update } from './render.tsx';

const COUNT = 1000;
let scrollTo: (index: number) => void;

type Props = { count?: number; scrolls?: boolean; each?: number; tall?: number };

function List({ count = COUNT, scrolls = false, each = 40, tall = each }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const { shown, before, after, measure, reveal } = useRows({ count, height: 40, beyond: 2, frame, scrolls });
  scrollTo = reveal;
  return (
    <div ref={frame} aria-label="frame" role="region" style={scrolls ? { height: 200, overflow: 'auto' } : {}}>
      <div style={{ height: before }} />
      {shown.map((index) => (
        <div key={index} ref={measure} data-index={index} style={{ height: index === 0 ? tall : each }}>{`row ${index}`}</div>
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

it('takes rows that have not been measured to be as tall as those that have', async () => {
  show(<List scrolls each={55} />);
  await expect.poll(height).toBe(COUNT * 55);
  page
    .getByRole('region')
    .element()
    .scrollTo(0, 500 * 55);
  await expect.element(page.getByText('row 501')).toBeVisible();
  expect(height()).toBe(COUNT * 55);
});

it('tells rows that scrolling has stopped, and those at once that have asked before', async () => {
  const Row = ({ isKnown = false }) => <p>{useStill(isKnown) ? 'still' : 'moving'}</p>;
  const text = () => document.querySelector('p')?.textContent;
  vi.useFakeTimers();
  try {
    dispatchEvent(new Event('scroll'));
    show(<Row />);
    for (let part = 0; part < 10; part++) {
      await vi.advanceTimersByTimeAsync(100);
      dispatchEvent(new Event('scroll'));
    }
    expect(text()).toBe('moving');
    await vi.advanceTimersByTimeAsync(400);
    expect(text()).toBe('still');
    dispatchEvent(new Event('scroll'));
    show(<Row isKnown />);
    expect(text()).toBe('still');
  } finally {
    vi.useRealTimers();
  }
});

it('notices an element when it comes near the window', async () => {
  const Card = () => {
    const frame = useRef<HTMLParagraphElement>(null);
    return <p ref={frame}>{useSeen(frame) ? 'seen' : 'not yet'}</p>;
  };
  show(
    <>
      <Card />
      <div style={{ height: 5_000 }} />
      <Card />
    </>,
  );
  await expect.element(page.getByText('seen')).toBeVisible();
  expect(page.getByText('not yet').elements()).toHaveLength(1);
  scrollBy(0, 1e6);
  await expect.poll(() => page.getByText('seen').elements().length).toBe(2);
});

it('asks for the sample of a job that stays, and of none that is scrolled past', async () => {
  const asked: string[] = [];
  const images = async (id: string) => {
    asked.push(id);
    return [];
  };
  const session = { client: { trainingJobs: { images } } } as unknown as Session;
  const thumbnail = (id: string) => (
    <SessionContext.Provider value={session}>
      <QueryClientProvider client={queries}>
        <JobThumbnail key={id} job={{ id, status: 'succeeded' } as TrainingJob} />
      </QueryClientProvider>
    </SessionContext.Provider>
  );
  const queries = new QueryClient();
  vi.useFakeTimers();
  try {
    dispatchEvent(new Event('scroll'));
    show(thumbnail('passed'));
    await vi.advanceTimersByTimeAsync(100);
    dispatchEvent(new Event('scroll'));
    update(thumbnail('stays'));
    await vi.advanceTimersByTimeAsync(100);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(400);
    expect(asked).toEqual(['stays']);
  } finally {
    vi.useRealTimers();
  }
});
