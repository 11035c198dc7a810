// A time as people say it ("2 min. ago"), which continues while the page is open; the exact time is shown on hover.
import type { ReactElement } from 'react';
import { useSyncExternalStore } from 'react';
import { ago } from '../data/format.ts';

const TICK_MS = 15_000;
const EXACT = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** One timer for all times on the page. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => listeners.forEach((tell) => tell()), TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

export function Ago({ time }: { time: string }): ReactElement {
  const text = useSyncExternalStore(subscribe, () => ago(time));
  return (
    <time dateTime={time} title={EXACT.format(new Date(time))}>
      {text}
    </time>
  );
}
