// Adds images to a dataset: drop, choose, paste or import from URLs; for Aux also samples or images of the base model.
import type { DatasetDetail } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { generateAux } from '../../data/dataset-copies.ts';
import { plural } from '../../data/format.ts';
import { useBaseModels } from '../../data/queries.ts';
import { addSamples } from '../../data/samples.ts';
import { useClient } from '../../data/session.ts';
import { notify, notifyError } from '../../data/toasts.ts';
import { useUpload } from '../../data/uploads.ts';
import { DropZone } from '../../ui/drop-zone.tsx';
import { UploadList } from '../../ui/upload-list.tsx';
import { ImportUrls } from './import-urls.tsx';

export function AddImages({ dataset }: { dataset: DatasetDetail }): ReactElement {
  const upload = useUpload();
  const [isImporting, setImporting] = useState(false);
  return (
    <>
      <DropZone
        label="Drop images, folders or zip archives here, or paste an image"
        onFiles={(files) => void upload.start(dataset.id, files)}
        takesPaste
        buttons={
          <button type="button" className="button small" onClick={() => setImporting(true)}>
            Import from URLs
          </button>
        }
      >
        <p className="small soft">PNG, JPEG, WebP. Captions: .txt or .caption files with the same names, or metadata.jsonl.</p>
        {dataset.kind === 'aux' && <AuxSources dataset={dataset} />}
      </DropZone>
      <UploadList upload={upload} />
      {isImporting && <ImportUrls datasetId={dataset.id} onClose={() => setImporting(false)} />}
    </>
  );
}

function AuxSources({ dataset }: { dataset: DatasetDetail }): ReactElement | null {
  const client = useClient();
  const queries = useQueryClient();
  const [model] = useBaseModels().data ?? [];
  const add = useMutation({
    mutationFn: (run: () => Promise<number>) => run(),
    onSuccess: async (kept) => {
      await queries.invalidateQueries({ queryKey: ['datasets'] });
      notify({ title: `${plural(kept, 'image')} added` });
    },
    onError: (error) => notifyError('The Aux images could not be added', error),
  });
  if (!model) return null;
  return (
    <div className="row">
      <span className="small soft">No images of people?</span>
      <button
        type="button"
        className="button small"
        disabled={add.isPending}
        onClick={() => add.mutate(() => addSamples(client, 'aux', { id: dataset.id, resolution: model.resolution }))}
      >
        Use the sample people
      </button>
      <button
        type="button"
        className="button small"
        disabled={add.isPending}
        onClick={() => add.mutate(() => generateAux(client, model, dataset))}
      >
        Generate with {model.title}
      </button>
      {add.isPending && (
        <span className="small" role="status">
          Working
        </span>
      )}
    </div>
  );
}
