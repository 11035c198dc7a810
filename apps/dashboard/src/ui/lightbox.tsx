// Images in full size, one after the other by arrow keys and swipes, starred by S; with a second image, a slider between before and after.
import type { CSSProperties, KeyboardEvent, ReactElement, ReactNode, TouchEvent } from 'react';
import { useLayoutEffect, useRef, useState } from 'react';
import { Icon } from './icons.tsx';
import { type Star, StarButton } from './image-buttons.tsx';
import { Toasts } from './toasts.tsx';

export interface LightboxItem {
  path: string;
  title: string;
  detail?: string;
  /** The image to compare with, and the labels of both. */
  before?: { path: string; label: string; afterLabel: string } | undefined;
}

interface LightboxProps {
  items: LightboxItem[];
  index: number;
  onIndex(index: number): void;
  /** Arrow keys up and down: to the row before or after. */
  onRow?: ((by: number) => void) | undefined;
  onClose(): void;
  actions?: ReactNode;
  /** The star of the shown image. */
  star?: Star | undefined;
  /** Content shown instead of the image. */
  stage?: ReactNode;
}

/** S stars an image, in full size and on its tile. */
export const isStarKey = ({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean =>
  key.toLowerCase() === 's' && !ctrlKey && !metaKey && !altKey;

export function Lightbox(props: LightboxProps): ReactElement {
  const { items, index, onIndex, onClose } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  // before the dialog leaves the document, so that the focus goes back to where it was
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    return () => element?.close();
  }, []);
  const item = items[index]!;
  const step = (by: number) => onIndex((index + by + items.length) % items.length);
  const swipe = useSwipe(step);
  const onKey = (event: KeyboardEvent) => {
    if (isStarKey(event)) props.star?.toggle();
    // In the slider, arrow keys move the divider.
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
    if (event.key === 'ArrowRight') step(1);
    if (event.key === 'ArrowLeft') step(-1);
    if (event.key === 'ArrowDown') props.onRow?.(1);
    if (event.key === 'ArrowUp') props.onRow?.(-1);
  };
  return (
    <dialog ref={dialog} className="lightbox" aria-label={item.title} onCancel={onClose} onKeyDown={onKey}>
      <div className="lightbox-inner">
        <div className="row-apart">
          <div>
            <strong>{item.title}</strong>
            {item.detail && <div className="small soft">{item.detail}</div>}
          </div>
          <button type="button" className="button quiet icon" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        <div className="lightbox-stage" {...swipe}>
          {props.stage ?? <Compare key={item.path} item={item} />}
        </div>
        <div className="row-apart">
          <Steps index={index} count={items.length} onStep={step} />
          <div className="row">
            {props.actions}
            {props.star && <StarButton {...props.star} shortcut="S" />}
            <SaveImage path={item.path} name={item.title} />
          </div>
        </div>
      </div>
      <Toasts />
    </dialog>
  );
}

const SWIPE = 40;

/** A finger that moves to the left shows the next image. */
function useSwipe(onStep: (by: number) => void) {
  const start = useRef<{ x: number; y: number } | null>(null);
  return {
    onTouchStart: ({ touches, target }: TouchEvent) => {
      const finger = touches[0];
      // the divider moves with the finger, and two fingers enlarge
      start.current =
        finger && touches.length === 1 && !(target instanceof HTMLInputElement) ? { x: finger.clientX, y: finger.clientY } : null;
    },
    onTouchEnd: ({ changedTouches }: TouchEvent) => {
      const finger = changedTouches[0];
      if (!start.current || !finger) return;
      const [x, y] = [finger.clientX - start.current.x, finger.clientY - start.current.y];
      start.current = null;
      if (Math.abs(x) > Math.max(SWIPE, 2 * Math.abs(y))) onStep(x < 0 ? 1 : -1);
    },
  };
}

type StepsProps = { index: number; count: number; onStep(by: number): void };

function Steps({ index, count, onStep }: StepsProps): ReactElement {
  return (
    <div className="row">
      <button type="button" className="button icon" aria-label="Previous image" onClick={() => onStep(-1)} disabled={count < 2}>
        <Icon name="left" />
      </button>
      <button type="button" className="button icon" aria-label="Next image" onClick={() => onStep(1)} disabled={count < 2}>
        <Icon name="right" />
      </button>
      <span className="small soft num">
        {index + 1} of {count}
      </span>
    </div>
  );
}

export function Compare({ item }: { item: LightboxItem }): ReactElement {
  const [at, setAt] = useState(50);
  return (
    <div className={`compare ${item.before ? '' : 'single'}`} style={{ '--at': `${item.before ? at : 0}%` } as CSSProperties}>
      {item.before && <img src={item.before.path} alt={`${item.before.label}: ${item.title}`} />}
      <img className="after" src={item.path} alt={`${item.before?.afterLabel ?? ''} ${item.title}`.trim()} />
      {item.before && (
        <>
          <span className="tag left">{item.before.label}</span>
          <span className="tag right">{item.before.afterLabel}</span>
          <input
            type="range"
            min={0}
            max={100}
            value={at}
            aria-label="Divider between before and after"
            onChange={(event) => setAt(Number(event.target.value))}
          />
        </>
      )}
    </div>
  );
}

function SaveImage({ path, name }: { path: string; name: string }): ReactElement {
  const file = `${name.replaceAll(/[^\w.-]+/g, '-').slice(0, 80)}${/\.\w{3,4}$/.test(name) ? '' : '.png'}`;
  return (
    <a className="button" href={path} download={file}>
      <Icon name="download" />
      Save image
    </a>
  );
}
