// Thumbnails of images, created at the first request and stored next to the image.
import { ObjectNotFoundError, THUMBNAIL_WIDTHS, thumbnailKey } from '@styleforge/storage';
import type { ThumbnailWidth } from '@styleforge/storage';
import { ImageRefusal } from '../../decoding/image-refusal.ts';
import { ApiError } from '../../errors/api-error.ts';
import { shrinkObject, type Shrinking } from './shrink-object.ts';

const QUALITY = 80;

/** Object of an image, with its size in pixels if the row contains it. */
export interface StoredImage {
  readonly objectKey: string;
  readonly width?: number;
  readonly height?: number;
}

/** The smallest available width that is at least the requested one. */
export function thumbnailWidth(asked: number): ThumbnailWidth {
  return THUMBNAIL_WIDTHS.find((width) => width >= asked) ?? 1024;
}

export async function readThumbnail(shrinking: Shrinking, image: StoredImage, side: ThumbnailWidth): Promise<Buffer> {
  const { objectKey, width = 0, height = 0 } = image;
  const store = shrinking.objectStore;
  const key = thumbnailKey(objectKey, side);
  const kept = await store.get(key).catch((error: unknown) => {
    if (error instanceof ObjectNotFoundError) return null;
    throw error;
  });
  if (kept !== null) return Buffer.from(kept);
  const made = await shrinkObject(shrinking, objectKey, { side, quality: QUALITY, pixels: width * height }).catch((error: unknown) => {
    if (error instanceof ImageRefusal) throw new ApiError('not_found', `The image has no thumbnail: it ${error.message}.`);
    throw error;
  });
  await store.put(key, made, { contentType: 'image/webp' });
  return made;
}
