// The images of a dataset as a grid whose captions are edited in place; only the rows near the window exist.
import type { DatasetImage } from '@styleforge/sdk';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import type { CSSProperties, ReactElement } from 'react';
import { useLayoutEffect, useRef, useState } from 'react';
import { CaptionTile } from './caption-tile.tsx';

const GAP = 12;
/** Height of a caption below its image. */
const CAPTION = 62;

export interface GridProps {
  images: DatasetImage[];
  tile: number;
  chosen: ReadonlySet<string>;
  warnings: ReadonlyMap<string, string>;
  isReadOnly: boolean;
  onChoose(id: string, isRange: boolean): void;
  onOpen(id: string): void;
  onCaption(id: string, caption: string | null): void;
}

function useWidth() {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(900);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    if (frame.current) observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  return { frame, width };
}

export function DatasetGrid(props: GridProps): ReactElement {
  const { images, tile } = props;
  const { frame, width } = useWidth();
  const [current, setCurrent] = useState(-1);
  const columns = Math.max(1, Math.floor((width + GAP) / (tile + GAP)));
  const rowHeight = (width - GAP * (columns - 1)) / columns + CAPTION + GAP;
  const virtual = useWindowVirtualizer({
    count: Math.ceil(images.length / columns),
    estimateSize: () => rowHeight,
    overscan: 3,
    scrollMargin: frame.current?.offsetTop ?? 0,
  });
  useLayoutEffect(() => virtual.measure(), [virtual, rowHeight]);
  const goTo = (index: number) => {
    if (index >= images.length) return;
    virtual.scrollToIndex(Math.floor(index / columns));
    setCurrent(index);
  };
  return (
    <div ref={frame} className="virtual" style={{ height: virtual.getTotalSize() }} role="list" aria-label="Images">
      {virtual.getVirtualItems().map(({ index, start }) => (
        <div key={index} className="virtual-row" role="presentation" style={styleOf(start - virtual.options.scrollMargin, columns)}>
          {images.slice(index * columns, (index + 1) * columns).map((image, column) => (
            <CaptionTile
              key={image.id}
              image={image}
              warning={props.warnings.get(image.id)}
              isChosen={props.chosen.has(image.id)}
              isCurrent={current === index * columns + column}
              isReadOnly={props.isReadOnly}
              onChoose={(isRange) => props.onChoose(image.id, isRange)}
              onOpen={() => props.onOpen(image.id)}
              onCaption={(caption) => props.onCaption(image.id, caption)}
              onNext={() => goTo(index * columns + column + 1)}
            />
          ))}
        </div>
      ))}
    </div>
  );
}

const styleOf = (top: number, columns: number): CSSProperties => ({
  transform: `translateY(${top}px)`,
  gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
});
