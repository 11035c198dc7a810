// Selection of images: single ones, a range with shift, or all shown ones.
import { useCallback, useLayoutEffect, useRef, useState } from 'react';

export interface Selection {
  ids: ReadonlySet<string>;
  /** Toggles the image; with `isRange`, all images from the last toggled one. The same function for as long as the list is there. */
  toggle(id: string, isRange: boolean): void;
  set(ids: Iterable<string>): void;
}

export function useSelection(shown: readonly { id: string }[]): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const now = useRef({ shown, last: '' });
  useLayoutEffect(() => {
    now.current.shown = shown;
  });
  const toggle = useCallback((id: string, isRange: boolean) => {
    const { shown: all, last } = now.current;
    now.current.last = id;
    setIds((before) => {
      const next = new Set(before);
      const [from, to] = [all.findIndex((one) => one.id === last), all.findIndex((one) => one.id === id)].sort((a, b) => a - b);
      if (isRange && from !== undefined && from >= 0) for (const one of all.slice(from, to! + 1)) next.add(one.id);
      else if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  return { ids, toggle, set: (next) => setIds(new Set(next)) };
}
