// Rows of a long list: only those near the window are rendered, and the space of the others is kept.
import type { RefCallback, RefObject } from 'react';
import { flushSync } from 'react-dom';
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'react';

interface Options {
  count: number;
  /** Height of a row before any has been measured. */
  height: number;
  /** Rendered rows before and after those in the window. */
  beyond: number;
  frame: RefObject<HTMLElement | null>;
  /** Whether the frame scrolls by itself, instead of with the page. */
  scrolls?: boolean;
}

interface Rows {
  /** Indices of the rendered rows. */
  shown: number[];
  /** Where each row begins; one more for the end of the last. */
  starts: number[];
  /** Heights of what is not rendered. */
  before: number;
  after: number;
  /** `ref` of a row whose height may differ; it has its index as `data-index`. */
  measure: RefCallback<HTMLElement>;
  /** Scrolls the page until the row is in the window. */
  reveal(index: number): void;
}

export function useRows({ count, height, beyond, frame, scrolls = false }: Options): Rows {
  const { sizeOf, version, measure } = useSizes(height);
  const [{ first, end }, setRange] = useState({ first: 0, end: 0 });
  const starts = useMemo(() => {
    const all = [0];
    for (let row = 0; row < count; row++) all.push(all[row]! + sizeOf(row));
    return all;
  }, [count, height, version]);
  const look = () => {
    const element = frame.current;
    if (!element) return;
    const top = scrolls ? element.scrollTop : -element.getBoundingClientRect().top;
    const bottom = top + (scrolls ? element.clientHeight : innerHeight);
    const next = {
      first: Math.max(0, starts.findLastIndex((start) => start <= top) - beyond),
      end: Math.min(count, starts.filter((start) => start < bottom).length + beyond),
    };
    setRange((known) => (known.first === next.first && known.end === next.end ? known : next));
  };
  useLayoutEffect(look, [starts]);
  useEffect(() => {
    // rendered in the frame that scrolls, not after it
    const scroll = () => flushSync(look);
    // captured, because the scroll event of a frame does not bubble
    addEventListener('scroll', scroll, { capture: true, passive: true });
    addEventListener('resize', look);
    return () => {
      removeEventListener('scroll', scroll, { capture: true });
      removeEventListener('resize', look);
    };
  }, [starts]);
  const [from, to] = [Math.min(first, count), Math.min(end, count)];
  return {
    shown: Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index),
    starts,
    before: starts[from]!,
    after: starts[count]! - starts[Math.max(from, to)]!,
    measure,
    reveal: (index) => {
      const top = (frame.current?.getBoundingClientRect().top ?? 0) + starts[index]!;
      const below = top + starts[index + 1]! - starts[index]! - innerHeight;
      if (top < 0 || below > 0) scrollBy(0, top < 0 ? top : below);
    },
  };
}

/** Measured heights of rows by index. The others are taken to be as tall as the first ones that were measured: their median. */
function useSizes(height: number) {
  const known = useRef<{ sizes: Map<number, number>; usual?: number | undefined }>({ sizes: new Map() }).current;
  const [version, change] = useReducer((count: number) => count + 1, 0);
  const sizeOf = (index: number): number => known.sizes.get(index) ?? known.usual ?? height;
  const [observer] = useState(
    () =>
      new ResizeObserver((entries) => {
        const seen = entries.flatMap(({ target }) => (target instanceof HTMLElement && target.isConnected ? [target] : []));
        const measured = seen.map((row) => [Number(row.dataset['index']), row.getBoundingClientRect().height] as const);
        const isFirst = known.usual === undefined;
        known.usual ??= measured.map(([, size]) => size).toSorted((a, b) => a - b)[measured.length >> 1];
        const changed = measured.filter(([index, size]) => Math.abs(sizeOf(index) - size) > 0.5);
        for (const [index, size] of changed) known.sizes.set(index, size);
        if (isFirst || changed.length > 0) change();
      }),
  );
  const [measure] = useState(() => (row: HTMLElement | null) => {
    if (row === null) return;
    observer.observe(row);
    return () => observer.unobserve(row);
  });
  return { sizeOf, version, measure };
}
