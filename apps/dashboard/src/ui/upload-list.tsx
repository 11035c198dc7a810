// Progress of an upload: the number of finished files, and refused files with reasons.
import type { ReactElement } from 'react';
import type { Upload } from '../data/uploads.ts';
import { plural } from '../data/format.ts';
import { Bar } from './parts.tsx';

export function UploadList({ upload }: { upload: Upload }): ReactElement | null {
  const { files, isBusy } = upload;
  if (files.length === 0) return null;
  const refused = files.filter(({ status }) => status === 'refused');
  const kept = files.filter(({ status }) => status === 'kept').length;
  return (
    <div className="card stack" aria-live="polite">
      <div className="row-apart">
        <strong>
          {isBusy ? `Uploading ${kept + refused.length} of ${files.length}` : `${plural(kept, 'image')} uploaded`}
          {refused.length > 0 && `, ${refused.length} refused`}
        </strong>
        {!isBusy && (
          <button type="button" className="button quiet small" onClick={upload.clear}>
            Close
          </button>
        )}
      </div>
      {isBusy && <Bar done={kept + refused.length} of={files.length} label="Upload" />}
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
