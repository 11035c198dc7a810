// Download formats of a checkpoint: a link if the file exists, otherwise a button that has it made.
import type { CheckpointExport, ExportFormat } from '@styleforge/sdk';
import type { ReactElement } from 'react';
import { useEffect, useRef, useState } from 'react';
import { useClient } from '../data/session.ts';
import { notify, notifyError } from '../data/toasts.ts';
import { Icon } from './icons.tsx';

const TITLES: Record<ExportFormat, string> = {
  'single-file': 'One file (ComfyUI, A1111)',
  'diffusers-zip': 'Folder for diffusers (zip)',
  'lora-kohya': 'LoRA (ComfyUI, A1111)',
  'lora-diffusers': 'LoRA (diffusers)',
  'embedding-a1111': 'Embedding (A1111)',
  'embedding-diffusers': 'Embedding (diffusers)',
  'adapter-zip': 'Original files (zip)',
};

interface Format {
  format: ExportFormat;
  url: string;
  ready: boolean;
}

export function DownloadFormats({ id, formats }: { id: string; formats: Format[] }): ReactElement {
  return (
    <ul className="row" aria-label="Downloads">
      {formats.map((format) => (
        <li key={format.format}>
          <DownloadFormat id={id} format={format} />
        </li>
      ))}
    </ul>
  );
}

/** Polls until the service has made the file, then lets the browser download it. */
function DownloadFormat({ id, format: { format, url, ready } }: { id: string; format: Format }): ReactElement {
  const client = useClient();
  const [state, setState] = useState<CheckpointExport | 'asking' | null>(null);
  const leaving = useRef(new AbortController());
  useEffect(() => {
    const controller = new AbortController();
    leaving.current = controller;
    return () => controller.abort();
  }, []);
  const title = TITLES[format];
  if (ready) {
    return (
      <a className="button small" href={url} download>
        <Icon name="download" size={15} />
        {title}
      </a>
    );
  }
  const make = async () => {
    setState('asking');
    try {
      const { signal } = leaving.current;
      const { response, fileName } = await client.checkpoints.download(id, { format }, { signal, onProgress: setState });
      await response.body?.cancel();
      notify({ title: `${fileName} is ready` });
      location.assign(url);
    } catch (error) {
      if (!leaving.current.signal.aborted) notifyError(`${title} could not be created`, error);
    } finally {
      setState(null);
    }
  };
  return (
    <button type="button" className="button small" disabled={state !== null} onClick={() => void make()}>
      <Icon name="download" size={15} />
      {title}
      {state !== null && <span role="status">{stateOf(state)}</span>}
    </button>
  );
}

function stateOf(state: CheckpointExport | 'asking'): string {
  if (state === 'asking') return '…';
  return state.progress ? `… ${state.progress.phase}` : `… ${state.status}`;
}
