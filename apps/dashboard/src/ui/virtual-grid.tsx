// A grid of equal tiles that renders only the rows near the window.
import type { ReactElement, ReactNode } from 'react';
import { useEffect, useRef } from 'react';
import { useRows } from './rows.ts';
import { useWidth } from './width.ts';

const GAP = 12;

export interface VirtualGridProps<Item> {
  items: Item[];
  label: string;
  /** Minimum width of a tile. */
  tile: number;
  /** Height of the content below the square of a tile. */
  foot: number;
  /** Row to scroll to. */
  current?: number | undefined;
  /** Called when the last rows come near the window. */
  onEnd?(): void;
  children(item: Item, index: number): ReactNode;
}

export function VirtualGrid<Item>(props: VirtualGridProps<Item>): ReactElement {
  const { items, tile, foot, current, onEnd } = props;
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame, 900);
  const columns = Math.max(1, Math.floor((width + GAP) / (tile + GAP)));
  const rowHeight = (width - GAP * (columns - 1)) / columns + foot + GAP;
  const count = Math.ceil(items.length / columns);
  const { shown, starts, reveal } = useRows({ count, height: rowHeight, beyond: 3, frame });
  useEffect(() => {
    if (current !== undefined && current >= 0) reveal(Math.floor(current / columns));
  }, [current]);
  const isAtEnd = (shown.at(-1) ?? -1) >= count - 2;
  useEffect(() => {
    if (isAtEnd && items.length > 0) onEnd?.();
  }, [isAtEnd, items.length]);
  return (
    <div ref={frame} className="virtual" style={{ height: starts[count] }} role="list" aria-label={props.label}>
      {shown.map((index) => (
        <div
          key={index}
          className="virtual-row"
          role="presentation"
          style={{
            transform: `translateY(${starts[index]}px)`,
            gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
          }}
        >
          {items.slice(index * columns, (index + 1) * columns).map((item, column) => props.children(item, index * columns + column))}
        </div>
      ))}
    </div>
  );
}
