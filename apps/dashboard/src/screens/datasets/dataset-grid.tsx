// The images of a dataset as a grid whose captions are edited in place.
import type { DatasetImage } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { VirtualGrid } from '../../ui/virtual-grid.tsx';
import { CaptionTile } from './caption-tile.tsx';

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

export function DatasetGrid(props: GridProps): ReactElement {
  const { images } = props;
  const [current, setCurrent] = useState<number>();
  return (
    <VirtualGrid items={images} label="Images" tile={props.tile} foot={CAPTION} current={current}>
      {(image, index) => (
        <CaptionTile
          key={image.id}
          image={image}
          warning={props.warnings.get(image.id)}
          isChosen={props.chosen.has(image.id)}
          isCurrent={current === index}
          isReadOnly={props.isReadOnly}
          onChoose={(isRange) => props.onChoose(image.id, isRange)}
          onOpen={() => props.onOpen(image.id)}
          onCaption={(caption) => props.onCaption(image.id, caption)}
          onNext={() => setCurrent(Math.min(index + 1, images.length - 1))}
        />
      )}
    </VirtualGrid>
  );
}
