// Uploading files to a dataset, one request for a few files, with the state of each file.
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { captionsFor, type DroppedFile, whyUnreadable, withCaptions } from './dropped-files.ts';
import { useAskBeforeLeaving } from './leaving.ts';
import { useClient } from './session.ts';
import { plural } from './format.ts';
import { notify, notifyError } from './toasts.ts';

export type FileState = { name: string; status: 'waiting' | 'sending' | 'kept' | 'caption' | 'mask' | 'refused'; detail?: string };
const BATCH = 4;

/** "20 images and 1 mask uploaded, 3 refused". Archives contain captions and masks as files of their own. */
export function summaryOf(files: FileState[]): string {
  const count = (status: FileState['status']) => files.filter((file) => file.status === status).length;
  const [captions, masks, refused] = [count('caption'), count('mask'), count('refused')];
  const taken = [
    plural(count('kept'), 'image'),
    ...(captions > 0 ? [plural(captions, 'caption file')] : []),
    ...(masks > 0 ? [plural(masks, 'mask')] : []),
  ];
  return `${new Intl.ListFormat('en').format(taken)} uploaded${refused > 0 ? `, ${refused} refused` : ''}`;
}

export interface Upload {
  files: FileState[];
  isBusy: boolean;
  start(datasetId: string, files: DroppedFile[]): Promise<void>;
  clear(): void;
}

export function useUpload(): Upload {
  const client = useClient();
  const queries = useQueryClient();
  const [files, setFiles] = useState<FileState[]>([]);
  const caption = async (datasetId: string, dropped: DroppedFile[]) => {
    const { images } = await client.datasets.get(datasetId);
    const captions = await captionsFor(dropped, images);
    const count = Object.keys(captions).length;
    if (count === 0) return void notify({ title: 'No image and no caption of an image is among these files', isError: true });
    await client.datasets.setCaptions(datasetId, captions);
    await queries.invalidateQueries({ queryKey: ['datasets'] });
    notify({ title: `${plural(count, 'image')} captioned` });
  };
  const send = async (datasetId: string, sending: Awaited<ReturnType<typeof withCaptions>>, refused: FileState[]) => {
    let states: FileState[] = [...sending.map(({ name }): FileState => ({ name, status: 'waiting' })), ...refused];
    setFiles(states);
    let at = 0;
    for (let next = 0; next < sending.length; next += BATCH) {
      const batch = sending.slice(next, next + BATCH);
      const show = (results: FileState[]) => {
        // The images of an archive replace its entry.
        states = [...states.slice(0, at), ...results, ...states.slice(at + batch.length)];
        setFiles(states);
      };
      show(batch.map(({ name }) => ({ name, status: 'sending' })));
      try {
        const result = await client.datasets.upload(datasetId, batch);
        const done = result.files.map(
          (file): FileState =>
            file.status === 'refused'
              ? { name: file.file_name, status: 'refused', detail: file.detail }
              : { name: file.file_name, status: file.status },
        );
        await queries.invalidateQueries({ queryKey: ['datasets'] });
        show(done);
        at += done.length;
      } catch (error) {
        show(batch.map(({ name }) => ({ name, status: 'refused', detail: error instanceof Error ? error.message : String(error) })));
        at += batch.length;
        notifyError('Images could not be uploaded', error);
      }
    }
  };
  const start = async (datasetId: string, files: DroppedFile[]) => {
    const isFolder = files.some(({ path }) => path.includes('/'));
    // a browser lists a folder in any order
    const dropped = isFolder ? files.toSorted((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true })) : files;
    try {
      const sending = await withCaptions(dropped);
      const refused = files.flatMap(({ file: { name } }): FileState[] => {
        const detail = whyUnreadable(name);
        return detail === undefined ? [] : [{ name, status: 'refused', detail }];
      });
      await (sending.length + refused.length > 0 ? send(datasetId, sending, refused) : caption(datasetId, dropped));
    } catch (error) {
      notifyError('The captions could not be read', error);
    }
  };
  const isBusy = files.some(({ status }) => status === 'waiting' || status === 'sending');
  useAskBeforeLeaving(isBusy);
  return { files, isBusy, start, clear: () => setFiles([]) };
}
