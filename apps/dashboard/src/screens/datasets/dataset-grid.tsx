// The images of a dataset as a grid; only the rows near the window exist.
import type { DatasetDetail } from '@styleforge/sdk';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import type { ReactElement } from 'react';
import { useLayoutEffect, useRef, useState } from 'react';
import { Picture } from '../../ui/picture.tsx';

const GAP = 12;
const LABEL = 46;

export function DatasetGrid({
  dataset,
  tile,
  onOpen,
}: {
  dataset: DatasetDetail;
  tile: number;
  onOpen(index: number): void;
}): ReactElement {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(900);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    if (frame.current) observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  const columns = Math.max(1, Math.floor((width + GAP) / (tile + GAP)));
  const rowHeight = (width - GAP * (columns - 1)) / columns + LABEL + GAP;
  const rows = Math.ceil(dataset.images.length / columns);
  const virtual = useWindowVirtualizer({
    count: rows,
    estimateSize: () => rowHeight,
    overscan: 4,
    scrollMargin: frame.current?.offsetTop ?? 0,
  });
  useLayoutEffect(() => virtual.measure(), [virtual, rowHeight]);
  return (
    <div ref={frame} className="virtual" style={{ height: virtual.getTotalSize() }} role="list" aria-label="Images">
      {virtual.getVirtualItems().map(({ index, start }) => (
        <div
          key={index}
          className="virtual-row"
          role="presentation"
          style={{
            transform: `translateY(${start - virtual.options.scrollMargin}px)`,
            gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
          }}
        >
          {dataset.images.slice(index * columns, (index + 1) * columns).map((image, column) => (
            <div key={image.id} className="tile" role="listitem">
              <button type="button" className="tile-button" onClick={() => onOpen(index * columns + column)}>
                <Picture path={image.thumbnail_url} alt={image.caption ?? image.file_name} width={image.width} />
              </button>
              <p className="tile-label small soft">{image.caption ?? image.file_name}</p>
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}
