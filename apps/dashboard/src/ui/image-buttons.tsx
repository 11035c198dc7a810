// What is done to one generated image in full size: copy its seed, star, delete.
import type { ListedImage } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useImageActions } from '../data/image-actions.ts';
import { Icon } from './icons.tsx';
import { CopyButton } from './parts.tsx';

type Props = { image: Pick<ListedImage, 'id' | 'seed' | 'starred'>; onDelete(): void };

export function ImageButtons({ image: { id, seed, starred }, onDelete }: Props): ReactElement {
  const { star, remove } = useImageActions();
  return (
    <>
      <CopyButton text={String(seed)} label="Copy seed" />
      <button
        type="button"
        className="button icon"
        aria-label={starred ? 'Remove the star' : 'Star'}
        aria-pressed={starred}
        onClick={() => star({ ids: [id], starred: !starred })}
      >
        <Icon name="star" />
      </button>
      <button
        type="button"
        className="button icon danger"
        aria-label="Delete image"
        onClick={() => {
          onDelete();
          remove([{ id }]);
        }}
      >
        <Icon name="trash" />
      </button>
    </>
  );
}
