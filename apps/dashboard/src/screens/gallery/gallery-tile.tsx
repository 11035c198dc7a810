// One image of the gallery, with a checkbox to mark it.
import type { ReactElement } from 'react';
import type { GalleryImage } from '../../data/gallery.ts';
import { Picture } from '../../ui/picture.tsx';

type Props = { image: GalleryImage; isChosen: boolean; onChoose(isRange: boolean): void; onOpen(): void };

export function GalleryTile({ image, isChosen, onChoose, onOpen }: Props): ReactElement {
  return (
    <div className="tile" role="listitem" data-selected={isChosen}>
      <div className="tile-frame">
        <button type="button" className="tile-button" onClick={onOpen}>
          <Picture path={image.thumbnail_url} alt={image.prompt} width={image.width} />
        </button>
        <label className="tile-check">
          <input
            type="checkbox"
            checked={isChosen}
            aria-label={`Choose ${image.prompt}, seed ${image.seed}`}
            onChange={() => undefined}
            onClick={(event) => onChoose(event.shiftKey)}
          />
        </label>
        {image.starred && (
          <span className="tile-marks">
            <span className="tag">★</span>
          </span>
        )}
      </div>
      <p className="tile-label small soft">
        {image.kind === 'validation' && `Step ${image.step}: `}
        {image.prompt}
      </p>
    </div>
  );
}
