// Whether an element has been near the window: what costs a request waits until then.
import type { RefObject } from 'react';
import { useEffect, useState } from 'react';

const NEAR = '300px';

/** True from the first time on. */
export function useSeen(frame: RefObject<HTMLElement | null>): boolean {
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    if (isSeen) return;
    const look = (entries: IntersectionObserverEntry[]) => entries.some(({ isIntersecting }) => isIntersecting) && setSeen(true);
    const observer = new IntersectionObserver(look, { rootMargin: NEAR });
    if (frame.current) observer.observe(frame.current);
    return () => observer.disconnect();
  }, [isSeen]);
  return isSeen;
}
