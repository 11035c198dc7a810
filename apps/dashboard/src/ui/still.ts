// Whether scrolling has stopped: rows that are only passed need not ask the service for anything.
import { useEffect, useState } from 'react';

const STILL_MS = 150;
let movedAt = Number.NEGATIVE_INFINITY;
let timer: ReturnType<typeof setTimeout> | undefined;
const waiting = new Set<() => void>();

addEventListener('scroll', () => (movedAt = performance.now()), { capture: true, passive: true });

function look(): void {
  timer = undefined;
  const left = movedAt + STILL_MS - performance.now();
  if (left > 0) timer = setTimeout(look, left);
  else for (const tell of [...waiting]) tell();
}

/** False until scrolling stops for the first time after the component was added; always true where `isKnown` is. */
export function useStill(isKnown: boolean): boolean {
  const [isStill, setStill] = useState(isKnown);
  useEffect(() => {
    if (isStill) return;
    const tell = () => setStill(true);
    waiting.add(tell);
    timer ??= setTimeout(look, 0);
    return () => void waiting.delete(tell);
  }, [isStill]);
  return isStill;
}
