// What is done to one image: star it; in full size, copy the seed of a generated image or delete it.
import type { ListedImage } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useImageActions } from '../data/image-actions.ts';
import { Icon } from './icons.tsx';
import { CopyButton } from './parts.tsx';

export interface Star {
  isOn: boolean;
  toggle(): void;
}

type StarProps = Star & { kind?: string; of?: string; shortcut?: string; tabIndex?: number };

/** `of`: what the star belongs to, where several are on the screen. */
export function StarButton({ isOn, toggle, kind = '', of = '', shortcut, tabIndex }: StarProps): ReactElement {
  return (
    <button
      type="button"
      className={`button icon ${kind}`}
      aria-label={`${isOn ? 'Remove the star' : 'Star'}${of}`}
      aria-pressed={isOn}
      aria-keyshortcuts={shortcut}
      title={shortcut && `${isOn ? 'Remove the star' : 'Star'} (${shortcut})`}
      tabIndex={tabIndex}
      onClick={toggle}
    >
      <Icon name="star" />
    </button>
  );
}

type Props = { image: Pick<ListedImage, 'id' | 'seed'>; onDelete(): void };

export function ImageButtons({ image: { id, seed }, onDelete }: Props): ReactElement {
  const { remove } = useImageActions();
  return (
    <>
      <CopyButton text={String(seed)} label="Copy seed" />
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
