// One image of a dataset in the grid, with its checkbox, caption, component and exclusion.
import type { DatasetImage } from '@styleforge/sdk';
import type { KeyboardEvent, ReactElement } from 'react';
import { useEffect, useRef, useState } from 'react';
import { useLeaving } from '../../data/leaving.ts';
import { Picture } from '../../ui/picture.tsx';

export interface TileProps {
  image: DatasetImage;
  warning: string | undefined;
  isChosen: boolean;
  /** Whether its caption gets the focus. */
  isCurrent: boolean;
  isReadOnly: boolean;
  onChoose(isRange: boolean): void;
  onOpen(): void;
  onCaption(caption: string | null): void;
  /** Called for Enter, which moves to the caption of the next image. */
  onNext(): void;
}

export function CaptionTile(props: TileProps): ReactElement {
  const { image, isChosen, warning, onChoose, onOpen } = props;
  const name = image.caption ?? image.file_name;
  return (
    <div className="tile" role="listitem" data-selected={isChosen} data-excluded={image.excluded} data-image={image.id}>
      <div className="tile-frame">
        <button type="button" className="tile-button" onClick={onOpen}>
          <Picture path={image.thumbnail_url} alt={name} width={image.width} />
        </button>
        <label className="tile-check">
          <input
            type="checkbox"
            checked={isChosen}
            aria-label={`Choose ${image.file_name}`}
            onChange={() => undefined}
            onClick={(event) => onChoose(event.shiftKey)}
          />
        </label>
        <span className="tile-marks">
          {image.component && <span className="tag">{image.component}</span>}
          {image.excluded && <span className="tag">excluded</span>}
          {warning && (
            <span className="tag warn" title={warning}>
              {warning}
            </span>
          )}
        </span>
      </div>
      <Caption {...props} />
    </div>
  );
}

/** Stored on blur and on Enter; Escape restores the stored caption. */
function Caption({ image, isCurrent, isReadOnly, onCaption, onNext }: TileProps): ReactElement {
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(image.caption ?? '');
  const isTyping = useRef(false);
  useEffect(() => {
    if (!isTyping.current) setText(image.caption ?? '');
  }, [image.caption]);
  useEffect(() => {
    if (isCurrent) field.current?.focus({ preventScroll: true });
  }, [isCurrent]);
  const type = (words: string, isDraft: boolean) => {
    isTyping.current = isDraft;
    setText(words);
  };
  const store = () => {
    if (!isTyping.current) return;
    const next = text.trim() || null;
    type(next ?? '', false);
    if (next !== image.caption) onCaption(next);
  };
  // a row that is scrolled away leaves without a blur
  useLeaving(store);
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      store();
      onNext();
    }
    if (event.key === 'Escape') type(image.caption ?? '', false);
  };
  return (
    <textarea
      ref={field}
      className="caption"
      dir="auto"
      rows={2}
      maxLength={1000}
      readOnly={isReadOnly}
      placeholder="No caption"
      aria-label={`Caption of ${image.file_name}`}
      value={text}
      onChange={(event) => type(event.target.value, true)}
      onBlur={store}
      onKeyDown={onKey}
    />
  );
}
