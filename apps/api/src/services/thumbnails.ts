// Small versions of uploaded images, made when they are first asked for and kept in the store.
import type { ImageRow } from '@styleforge/database';
import { datasetThumbnailKey, ObjectNotFoundError } from '@styleforge/storage';
import { ApiError } from '../errors/api-error.ts';
import { ImageRefusal } from '../decoding/image-refusal.ts';
import { shrinkObject, type Shrinking } from './shrink-object.ts';

const SIDE = 256;
const QUALITY = 80;

export async function readThumbnail(
  shrinking: Shrinking,
  { id, projectId, datasetId, objectKey, width, height }: ImageRow,
): Promise<Buffer> {
  const store = shrinking.objectStore;
  const key = datasetThumbnailKey(projectId, datasetId, id);
  const kept = await store.get(key).catch((error: unknown) => {
    if (error instanceof ObjectNotFoundError) return null;
    throw error;
  });
  if (kept !== null) return Buffer.from(kept);
  const made = await shrinkObject(shrinking, objectKey, { side: SIDE, quality: QUALITY, pixels: width * height }).catch(
    (error: unknown) => {
      if (error instanceof ImageRefusal) throw new ApiError('not_found', `The image ${id} has no thumbnail: it ${error.message}.`);
      throw error;
    },
  );
  await store.put(key, made, { contentType: 'image/webp' });
  return made;
}
