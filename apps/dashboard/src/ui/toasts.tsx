// Displays toasts in the corner; errors show their request id.
import type { ReactElement } from 'react';
import { dismiss, useToasts, useTopPlace } from '../data/toasts.ts';
import { CopyButton } from './parts.tsx';
import { Icon } from './icons.tsx';

/** Place for messages in the page and in each dialog; the last one shows them. */
export function Toasts(): ReactElement | null {
  const toasts = useToasts();
  const isOnTop = useTopPlace();
  if (!isOnTop) return null;
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, title, detail, requestId, isError, undo }) => (
        <div key={id} className={`toast ${isError ? 'bad' : ''}`}>
          <div>
            <strong>{title}</strong>
            {detail && (
              <div className="soft" style={{ whiteSpace: 'pre-line' }}>
                {detail}
              </div>
            )}
            {requestId && (
              <div className="row">
                <code className="small">{requestId}</code>
                <CopyButton text={requestId} label="Copy id" />
              </div>
            )}
          </div>
          {undo && (
            <button type="button" className="button small" onClick={undo}>
              Undo
            </button>
          )}
          <button type="button" className="button quiet small icon" aria-label="Dismiss" onClick={() => dismiss(id)}>
            <Icon name="close" size={15} />
          </button>
        </div>
      ))}
    </div>
  );
}
