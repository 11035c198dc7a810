// Changes of the images of a dataset: shown at once, taken back with a message where the service refuses.
import type { DatasetDetail, DatasetImage } from '@styleforge/sdk';
import { useQueryClient } from '@tanstack/react-query';
import type { CaptionChanges } from './captions.ts';
import { plural } from './format.ts';
import { useClient } from './session.ts';
import { notify, notifyError } from './toasts.ts';
import { useDelete } from './undo.ts';

type ImageChange = Partial<Pick<DatasetImage, 'caption' | 'component' | 'excluded'>>;

export interface DatasetEdit {
  captions(changes: CaptionChanges): void;
  component(ids: string[], name: string | null): void;
  exclude(ids: string[], excluded: boolean): void;
  remove(images: Pick<DatasetImage, 'id' | 'file_name'>[]): void;
}

const AT_A_TIME = 8;

/** A thousand requests at once would wait for one another and fail. */
async function forEach(ids: string[], run: (id: string) => Promise<unknown>): Promise<void> {
  for (let next = 0; next < ids.length; next += AT_A_TIME) await Promise.all(ids.slice(next, next + AT_A_TIME).map(run));
}

export function useDatasetEdit(datasetId: string): DatasetEdit {
  const client = useClient();
  const queries = useQueryClient();
  const remove = useDelete();
  const key = ['datasets', datasetId];
  const show = (changes: Map<string, ImageChange>) =>
    queries.setQueryData<DatasetDetail>(
      key,
      (before) => before && { ...before, images: before.images.map((image) => ({ ...image, ...changes.get(image.id) })) },
    );
  const apply = async (changes: Map<string, ImageChange>, send: () => Promise<unknown>, undo?: () => void) => {
    await queries.cancelQueries({ queryKey: key });
    show(changes);
    try {
      await send();
      if (undo) notify({ title: `${plural(changes.size, 'image')} changed`, undo });
    } catch (error) {
      notifyError('The change was not stored', error);
    } finally {
      await queries.invalidateQueries({ queryKey: key });
    }
  };
  const known = (id: string) => queries.getQueryData<DatasetDetail>(key)?.images.find((image) => image.id === id);
  const captions = (changes: CaptionChanges) => {
    const entries = Object.entries(changes);
    if (entries.length === 0) return;
    const before = Object.fromEntries(entries.map(([id]) => [id, known(id)?.caption ?? null]));
    const isMany = entries.length > 1;
    const shown = new Map(entries.map(([id, caption]): [string, ImageChange] => [id, { caption }]));
    void apply(shown, () => client.datasets.setCaptions(datasetId, changes), isMany ? () => captions(before) : undefined);
  };
  const update = (ids: string[], change: ImageChange) =>
    void apply(new Map(ids.map((id) => [id, change])), () => forEach(ids, (id) => client.images.update(id, change)));
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
