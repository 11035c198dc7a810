// What must not be lost when the page is closed.
import { useEffect, useEffectEvent } from 'react';

/** Limits of browsers for requests that outlive their page: bytes in all, and their number. */
const MOST_BYTES = 60_000;
export const MOST_REQUESTS = 8;

const lasting = { requests: 0, bytes: 0 };

/** Like `fetch`, but a change is completed even if the page is closed meanwhile. */
export async function lastingFetch(input: string, init: RequestInit = {}): Promise<Response> {
  const bytes = init.body ? (typeof init.body === 'string' ? new TextEncoder().encode(init.body).length : MOST_BYTES) : 0;
  const isChange = init.method !== undefined && init.method !== 'GET';
  if (!isChange || lasting.requests === MOST_REQUESTS || lasting.bytes + bytes >= MOST_BYTES) return fetch(input, init);
  lasting.requests++;
  lasting.bytes += bytes;
  try {
    return await fetch(input, { ...init, keepalive: true });
  } finally {
    lasting.requests--;
    lasting.bytes -= bytes;
  }
}

let leave = () => {};
let left: Promise<void>;
const wait = () => {
  left = new Promise((resolve) => (leave = resolve));
};
wait();
addEventListener('pagehide', () => leave());
// a page may come back from the browser's memory
addEventListener('pageshow', wait);

/** Resolves when the page is closed. */
export const untilLeft = (): Promise<void> => left;

/** Called when the component, or the whole page, goes away. */
export function useLeaving(run: () => void): void {
  const now = useEffectEvent(run);
  useEffect(() => {
    addEventListener('pagehide', now);
    return () => {
      removeEventListener('pagehide', now);
      now();
    };
  }, []);
}

/** Asks before the page is closed while something runs that would be lost. */
export function useAskBeforeLeaving(isBusy: boolean): void {
  useEffect(() => {
    if (!isBusy) return;
    const ask = (event: Event) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [isBusy]);
}
