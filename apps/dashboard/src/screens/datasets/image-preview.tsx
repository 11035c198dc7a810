// An image of a dataset in full size, or as the trainer gets it.
import type { DatasetImage } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { Lightbox } from '../../ui/lightbox.tsx';
import { CropPreview } from './crop-preview.tsx';

type Props = { images: DatasetImage[]; index: number; onIndex(index: number): void; onClose(): void };

export function ImagePreview({ images, index, onIndex, onClose }: Props): ReactElement {
  const [isCrop, setCrop] = useState(false);
  return (
    <Lightbox
      items={images.map(({ url, file_name: name, width, height, caption }) => ({
        path: url,
        title: name,
        detail: `${width} × ${height}${caption ? ` · ${caption}` : ''}`,
      }))}
      index={index}
      onIndex={onIndex}
      onClose={onClose}
      stage={isCrop ? <CropPreview image={images[index]!} /> : undefined}
      actions={
        <button type="button" className="button" aria-pressed={isCrop} onClick={() => setCrop(!isCrop)}>
          As the trainer sees it
        </button>
      }
    />
  );
}
