// A button that downloads a file of the service.
import { useMutation } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useClient } from '../data/session.ts';
import { notifyError } from '../data/toasts.ts';
import { Icon } from './icons.tsx';
import { saveAs } from './lightbox.tsx';

export function DownloadButton({
  path,
  name,
  label,
  primary = false,
}: {
  path: string;
  name: string;
  label: string;
  primary?: boolean;
}): ReactElement {
  const client = useClient();
  const download = useMutation({
    mutationFn: async () => {
      const response = await client.download(path);
      const url = URL.createObjectURL(await response.blob());
      saveAs(url, name);
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    },
    onError: (error) => notifyError(`${name} could not be downloaded`, error),
  });
  return (
    <button
      type="button"
      className={`button small ${primary ? 'primary' : ''}`}
      disabled={download.isPending}
      onClick={() => download.mutate()}
    >
      <Icon name="download" size={15} />
      {download.isPending ? 'Downloading' : label}
    </button>
  );
}
