// Generated images of the whole project, page by page.
import type { ImageListParams, ListedImage } from '@styleforge/sdk';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useClient } from './session.ts';

const PAGE = 100;

export type GalleryFilter = Pick<ImageListParams, 'model' | 'training_job' | 'starred'>;

export function useGallery(filter: GalleryFilter) {
  const client = useClient();
  return useInfiniteQuery({
    queryKey: ['images', filter],
    queryFn: async ({ pageParam, signal }): Promise<{ data: ListedImage[]; next: string | null }> => {
      const page = await client.images.all({ ...filter, limit: PAGE, ...(pageParam && { after: pageParam }) }, { signal });
      return { data: page.data, next: page.has_more ? page.next : null };
    },
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
  });
}
