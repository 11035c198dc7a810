// Generated images of the whole project, samples of its jobs, or both one after the other, page by page.
import type { ImageListParams, ListedImage, ListedValidationImage } from '@styleforge/sdk';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useClient } from './session.ts';

const PAGE = 100;

export type GalleryFilter = Pick<ImageListParams, 'model' | 'training_job' | 'starred'> & { kinds: ('generation' | 'validation')[] };
export type SampleImage = ListedValidationImage & Pick<ListedImage, 'id' | 'format'>;
export type GalleryImage = ListedImage | SampleImage;

const withId = (image: ListedImage | ListedValidationImage): GalleryImage =>
  image.kind === 'generation' ? image : { ...image, id: `${image.training_job_id}.${image.step}.${image.index}`, format: 'png' };

type Place = { at: number; after: string };

export function useGallery(filter: GalleryFilter) {
  const client = useClient();
  const { kinds, ...rest } = filter;
  return useInfiniteQuery({
    queryKey: ['images', filter],
    queryFn: async ({ pageParam: { at, after }, signal }): Promise<{ data: GalleryImage[]; next: Place | null }> => {
      const kind = kinds[at]!;
      const page = await client.images.all({ ...rest, kind, limit: PAGE, ...(after && { after }) }, { signal });
      const nextKind = at + 1 < kinds.length ? { at: at + 1, after: '' } : null;
      return { data: page.data.map(withId), next: page.has_more ? { at, after: page.next ?? '' } : nextKind };
    },
    initialPageParam: { at: 0, after: '' } as Place,
    getNextPageParam: ({ next }) => next,
  });
}
