// A modal dialog: the browser's own, with its focus trap and Escape.
import type { ReactElement, ReactNode } from 'react';
import { useId, useLayoutEffect, useRef } from 'react';
import { Toasts } from './toasts.tsx';

export function Dialog(props: { title: string; onClose(): void; children: ReactNode }): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // before the dialog leaves the document, so that the focus goes back to where it was
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={id}
      onCancel={props.onClose}
      onClick={(event) => event.target === dialog.current && props.onClose()}
    >
      <div className="stack">
        <h2 id={id}>{props.title}</h2>
        {props.children}
      </div>
      <Toasts />
    </dialog>
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
