// Progress of an upload: the number of finished files, and refused files with reasons.
import type { ReactElement } from 'react';
import { summaryOf, type Upload } from '../data/uploads.ts';
import { Bar } from './parts.tsx';

export function UploadList({ upload }: { upload: Upload }): ReactElement | null {
  const { files, isBusy } = upload;
  if (files.length === 0) return null;
  const refused = files.filter(({ status }) => status === 'refused');
  const done = files.filter(({ status }) => status !== 'waiting' && status !== 'sending').length;
  return (
    <div className="card stack" aria-live="polite">
      <div className="row-apart">
        <strong>
          {isBusy ? `Uploading ${done} of ${files.length}${refused.length > 0 ? `, ${refused.length} refused` : ''}` : summaryOf(files)}
        </strong>
        {!isBusy && (
          <button type="button" className="button quiet small" onClick={upload.clear}>
            Close
          </button>
        )}
      </div>
      {isBusy && <Bar done={done} of={files.length} label="Upload" />}
      {refused.length > 0 && (
        <ul className="stack small">
          {refused.map(({ name, detail }, index) => (
            <li key={index} className="note bad">
              <strong>{name}</strong>: {detail}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
