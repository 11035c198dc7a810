// Stars and downloads of generated images and of samples of jobs; deletion of generated images.
import type { ListedImage, StyleForge, ValidationImage } from '@styleforge/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { plural } from './format.ts';
import { useClient } from './session.ts';
import { notifyError } from './toasts.ts';
import { useDelete } from './undo.ts';
import { fetchAll, saveBlob, zipOf } from './zip.ts';

type Named = Pick<ListedImage, 'id' | 'url' | 'prompt' | 'seed' | 'format'>;
/** A sample of a job, or a generated image. */
type Starred = { starred: boolean } & (({ training_job_id: string } & Pick<ValidationImage, 'step' | 'index'>) | { id: string });

const setStar = (client: StyleForge, image: Starred, starred: boolean): Promise<unknown> =>
  'step' in image
    ? client.trainingJobs.updateImage(image.training_job_id, image, { starred })
    : client.images.update(image.id, { starred });

const STARRED = ['images', 'generation', 'generations', 'samples'];

export function useImageActions() {
  const client = useClient();
  const queries = useQueryClient();
  const remove = useDelete();
  const star = useMutation({
    mutationFn: ({ images, starred }: { images: Starred[]; starred: boolean }) =>
      Promise.all(images.map((image) => setStar(client, image, starred))),
    onSettled: () => Promise.all(STARRED.map((key) => queries.invalidateQueries({ queryKey: [key] }))),
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
    starOf: (image: Starred) => ({
      isOn: image.starred,
      toggle: () => star.mutate({ images: [image], starred: !image.starred }),
    }),
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
