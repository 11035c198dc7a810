// The button that downloads a dataset with its captions as one zip archive.
import type { DatasetDetail } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useState } from 'react';
import { downloadDataset } from '../../data/dataset-copies.ts';
import { notifyError } from '../../data/toasts.ts';
import { Icon } from '../../ui/icons.tsx';

export function DownloadZip({ dataset }: { dataset: DatasetDetail }): ReactElement {
  const [done, setDone] = useState<number | null>(null);
  const download = async () => {
    setDone(0);
    try {
      await downloadDataset(dataset, setDone);
    } catch (error) {
      notifyError('The dataset could not be downloaded', error);
    } finally {
      setDone(null);
    }
  };
  return (
    <button type="button" className="button" disabled={done !== null || dataset.image_count === 0} onClick={() => void download()}>
      <Icon name="download" />
      {done === null ? 'Zip' : `${done} of ${dataset.image_count}`}
    </button>
  );
}
