// Times relative to now continue while the page is open.
import { afterEach, expect, it, vi } from 'vitest';
import { Ago } from '../src/ui/ago.tsx';
import { show } from './render.tsx';

afterEach(() => vi.useRealTimers());

it('says how long ago a time was, without a new reading of the data', async () => {
  vi.useFakeTimers();
  const frame = show(<Ago time={new Date().toISOString()} />);
  expect(frame.textContent).toBe('just now');
  await vi.advanceTimersByTimeAsync(130_000);
  expect(frame.textContent).toBe('2 min. ago');
  await vi.advanceTimersByTimeAsync(3 * 3_600_000);
  expect(frame.textContent).toBe('3 hr. ago');
  show(<p>nothing</p>);
  expect(vi.getTimerCount()).toBe(0);
});
