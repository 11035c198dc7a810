// Width of an element, in pixels, as it is now.
import type { RefObject } from 'react';
import { useLayoutEffect, useState } from 'react';

/** `first` before it has been measured. */
export function useWidth(frame: RefObject<HTMLElement | null>, first: number): number {
  const [width, setWidth] = useState(first);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    if (frame.current) observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  return width;
}
