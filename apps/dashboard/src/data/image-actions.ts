// Stars, deletion and downloads of generated images.
import type { ListedImage } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { plural } from './format.ts';
import { useClient } from './session.ts';
import { notifyError } from './toasts.ts';
import { useDelete } from './undo.ts';
import { fetchAll, saveBlob, zipOf } from './zip.ts';

type Named = Pick<ListedImage, 'id' | 'url' | 'prompt' | 'seed' | 'format'>;

export function useImageActions() {
  const client = useClient();
  const queries = useQueryClient();
  const remove = useDelete();
  const refresh = () => Promise.all(['images', 'generation', 'generations'].map((key) => queries.invalidateQueries({ queryKey: [key] })));
  const star = useMutation({
    mutationFn: ({ ids, starred }: { ids: string[]; starred: boolean }) =>
      Promise.all(ids.map((id) => client.images.update(id, { starred }))),
    onSuccess: refresh,
    onError: (error) => notifyError('The star was not stored', error),
  });
  const download = useMutation({
    mutationFn: async (images: Named[]) => {
      const blobs = await fetchAll(images.map(({ url }) => url));
      const name = ({ prompt, seed, format }: Named) => `${prompt.replaceAll(/[^\w.-]+/g, '-').slice(0, 80)}-${seed}.${format}`;
      saveBlob(await zipOf(images.map((image, at) => ({ name: name(image), content: blobs[at]! }))), 'images.zip');
    },
    onError: (error) => notifyError('The images could not be downloaded', error),
  });
  return {
    star: star.mutate,
    download,
    remove: (images: Pick<Named, 'id'>[]) =>
      remove({
        ids: images.map(({ id }) => id),
        label: plural(images.length, 'image'),
        invalidates: 'images',
        run: () => Promise.all(images.map(({ id }) => client.images.delete(id))),
      }),
  };
}
