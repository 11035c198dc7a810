// Dialog that imports images from URLs, and shows why images were refused.
import { APIError, type UploadResult } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactElement } from 'react';
import { useState } from 'react';
import { plural } from '../../data/format.ts';
import { useClient } from '../../data/session.ts';
import { notifyError } from '../../data/toasts.ts';
import { linesOf } from '../../data/training-draft.ts';
import { Dialog, DialogActions } from '../../ui/dialog.tsx';
import { LinesField } from '../../ui/fields.tsx';

/** Which line is wrong, and why. */
function problemOf(error: Error | null, urls: string[]): string | undefined {
  if (!(error instanceof APIError) || error.errors.length === 0) return undefined;
  const lines = error.errors.map(({ pointer, detail }) => `${urls[Number(pointer.split('/')[2])] ?? pointer}: ${detail}`);
  return [...new Set(lines)].join('; ');
}

export function ImportUrls({ datasetId, onClose }: { datasetId: string; onClose(): void }): ReactElement {
  const client = useClient();
  const queries = useQueryClient();
  const [text, setText] = useState('');
  const urls = linesOf(text).map((line) => line.trim());
  const load = useMutation({
    mutationFn: () => client.datasets.importUrls(datasetId, urls),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['datasets'] }),
    onError: (error) => problemOf(error, urls) ?? notifyError('The images could not be imported', error),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    load.mutate();
  };
  return (
    <Dialog title="Import from URLs" onClose={onClose}>
      {load.data ? (
        <Outcome result={load.data} onClose={onClose} />
      ) : (
        <form className="stack" onSubmit={submit}>
          <LinesField
            id="import-urls"
            label="URLs, one per line"
            rows={6}
            placeholder="https://example.com/lighthouse.png"
            value={text}
            onValue={(next) => {
              load.reset();
              setText(next);
            }}
            error={problemOf(load.error, urls)}
            help="The service fetches the images: PNG, JPEG or WebP from public addresses."
            autoFocus
          />
          <DialogActions
            label={load.isPending ? 'Fetching' : `Import ${plural(urls.length, 'image')}`}
            disabled={urls.length === 0 || load.isPending}
            onClose={onClose}
          />
        </form>
      )}
    </Dialog>
  );
}

function Outcome({ result, onClose }: { result: UploadResult; onClose(): void }): ReactElement {
  return (
    <>
      <p role="status">
        <strong>{plural(result.kept, 'image')} imported</strong>
        {result.refused > 0 && `, ${result.refused} refused`}
      </p>
      <ul className="stack small">
        {result.files.map(
          (file, index) =>
            file.status === 'refused' && (
              <li key={index} className="note bad">
                <strong>{file.file_name}</strong>: {file.detail}
              </li>
            ),
        )}
      </ul>
      <div className="row">
        <button type="button" className="button primary" onClick={onClose}>
          Done
        </button>
      </div>
    </>
  );
}
