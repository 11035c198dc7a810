// Changes of the images of a dataset.
import type { DatasetDetail, DatasetImage } from '@styleforge/sdk';
import { useQueryClient } from '@tanstack/react-query';
import type { CaptionChanges } from './captions.ts';
import { type Edit, editedData, useEdited, useEdits } from './edits.ts';
import { plural } from './format.ts';
import { useClient } from './session.ts';
import { notify } from './toasts.ts';
import { useDelete } from './undo.ts';

type ImageChange = Partial<Pick<DatasetImage, 'caption' | 'component' | 'excluded'>>;

export interface DatasetEdit {
  captions(changes: CaptionChanges): void;
  component(ids: string[], name: string | null): void;
  exclude(ids: string[], excluded: boolean): void;
  remove(images: Pick<DatasetImage, 'id' | 'file_name'>[]): void;
}

const AT_A_TIME = 8;

/** Limits simultaneous requests, because a thousand at once would time out. */
async function forEach(ids: string[], run: (id: string) => Promise<unknown>): Promise<void> {
  for (let next = 0; next < ids.length; next += AT_A_TIME) await Promise.all(ids.slice(next, next + AT_A_TIME).map(run));
}

const keyOf = (datasetId: string) => ['datasets', datasetId];

function editOf(changes: ReadonlyMap<string, ImageChange>): Pick<Edit<DatasetDetail>, 'of' | 'apply' | 'refusal'> {
  return {
    of: [...changes.keys()],
    apply: (dataset) => ({ ...dataset, images: dataset.images.map((image) => ({ ...image, ...changes.get(image.id) })) }),
    refusal: 'The change was not stored',
  };
}

export const useEditedDataset = (stored: DatasetDetail): DatasetDetail => useEdited(keyOf(stored.id), stored);

export function useDatasetEdit(datasetId: string): DatasetEdit {
  const client = useClient();
  const queries = useQueryClient();
  const remove = useDelete();
  const edit = useEdits<DatasetDetail>(keyOf(datasetId));
  const captions = (changes: CaptionChanges) => {
    const entries = Object.entries(changes);
    if (entries.length === 0) return;
    const shown = editedData<DatasetDetail>(queries, keyOf(datasetId))?.images;
    const before = Object.fromEntries(entries.map(([id]) => [id, shown?.find((image) => image.id === id)?.caption ?? null]));
    edit({
      ...editOf(new Map(entries.map(([id, caption]) => [id, { caption }]))),
      send: () => client.datasets.setCaptions(datasetId, changes),
      onShown: () => entries.length > 1 && notify({ title: `${plural(entries.length, 'image')} changed`, undo: () => captions(before) }),
    });
  };
  const update = (ids: string[], change: ImageChange) =>
    edit({ ...editOf(new Map(ids.map((id) => [id, change]))), send: () => forEach(ids, (id) => client.images.update(id, change)) });
  return {
    captions,
    component: (ids, component) => update(ids, { component }),
    exclude: (ids, excluded) => update(ids, { excluded }),
    remove: (images) =>
      remove({
        ids: images.map(({ id }) => id),
        label: images.length === 1 ? images[0]!.file_name : plural(images.length, 'image'),
        invalidates: 'datasets',
        run: () =>
          forEach(
            images.map(({ id }) => id),
            (id) => client.images.delete(id),
          ),
      }),
  };
}
