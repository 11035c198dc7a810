// A modal dialog: the browser's own, with its focus trap and Escape. Text that was typed is not lost by Escape or a click outside.
import type { KeyboardEvent, ReactElement, ReactNode, RefObject, SyntheticEvent } from 'react';
import { useId, useLayoutEffect, useRef, useState } from 'react';
import { Toasts } from './toasts.tsx';

/** Text fields of forms: a search field without a form holds nothing that is worth a question. */
const TEXT = 'form :is(textarea, input:is([type=text], [type=url], [type=number], :not([type])))';

/** Escape and clicks outside: `leave` asks first if text was typed. */
function useLeaving(dialog: RefObject<HTMLDialogElement | null>, onClose: () => void) {
  const isTyped = useRef(false);
  const field = useRef<Element | null>(null);
  const [isAsking, setAsking] = useState(false);
  const keep = () => {
    setAsking(false);
    if (field.current instanceof HTMLElement) field.current.focus();
  };
  const leave = () => {
    const fields = [...(dialog.current?.querySelectorAll<HTMLInputElement>(TEXT) ?? [])];
    if (!isTyped.current || fields.every(({ value }) => value.trim() === '')) return onClose();
    if (isAsking) return keep();
    field.current = document.activeElement;
    return setAsking(true);
  };
  const onInput = ({ target }: SyntheticEvent) => {
    if (target instanceof Element && target.matches(TEXT)) isTyped.current = true;
    setAsking(false);
  };
  return { isAsking, keep, leave, onInput };
}

export function Dialog({ title, onClose, children }: { title: string; onClose(): void; children: ReactNode }): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const { isAsking, keep, leave, onInput } = useLeaving(dialog, onClose);
  // before the dialog leaves the document, so that the focus goes back to where it was
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    return () => element?.close();
  }, []);
  const stay = (event: SyntheticEvent) => {
    event.preventDefault();
    leave();
  };
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={id}
      onCancel={stay}
      // the browser would close the dialog at a second Escape without a question
      onKeyDown={(event: KeyboardEvent) => event.key === 'Escape' && !event.nativeEvent.isComposing && stay(event)}
      onInput={onInput}
      onClick={(event) => event.target === dialog.current && leave()}
    >
      <div className="stack">
        <h2 id={id}>{title}</h2>
        {children}
        {isAsking && <DiscardQuestion onKeep={keep} onDiscard={onClose} />}
      </div>
      <Toasts />
    </dialog>
  );
}

function DiscardQuestion({ onKeep, onDiscard }: { onKeep(): void; onDiscard(): void }): ReactElement {
  return (
    <div className="note warn row-apart discard" role="alert">
      <strong>Discard what you typed?</strong>
      <div className="row">
        <button type="button" className="button primary" autoFocus onClick={onKeep}>
          Keep editing
        </button>
        <button type="button" className="button danger" onClick={onDiscard}>
          Discard
        </button>
      </div>
    </div>
  );
}

/** The last row of a dialog's form: submit and cancel. */
export function DialogActions({ label, disabled, onClose }: { label: ReactNode; disabled: boolean; onClose(): void }): ReactElement {
  return (
    <div className="row">
      <button type="submit" className="button primary" disabled={disabled}>
        {label}
      </button>
      <button type="button" className="button quiet" onClick={onClose}>
        Cancel
      </button>
    </div>
  );
}

/** The last row of a dialog that only shows something. */
export function DialogEnd({ label, onClose }: { label: string; onClose(): void }): ReactElement {
  return (
    <div className="row">
      <button type="button" className="button primary" onClick={onClose}>
        {label}
      </button>
    </div>
  );
}
