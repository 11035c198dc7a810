// Small versions of images, made when they are first asked for and kept in the store beside the image.
import { ObjectNotFoundError, THUMBNAIL_WIDTHS, thumbnailKey } from '@styleforge/storage';
import type { ObjectStore, ThumbnailWidth } from '@styleforge/storage';
import sharp from 'sharp';

const QUALITY = 80;

/** The smallest width that is no smaller than the one asked for. */
export function thumbnailWidth(asked: number): ThumbnailWidth {
  return THUMBNAIL_WIDTHS.find((width) => width >= asked) ?? 1024;
}

export async function readThumbnail(store: ObjectStore, imageKey: string, width: ThumbnailWidth): Promise<Buffer> {
  const key = thumbnailKey(imageKey, width);
  const kept = await store.get(key).catch((error: unknown) => {
    if (error instanceof ObjectNotFoundError) return null;
    throw error;
  });
  if (kept !== null) return Buffer.from(kept);
  const made = await sharp(await store.get(imageKey))
    .resize(width, width, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: QUALITY })
    .toBuffer();
  await store.put(key, made, { contentType: 'image/webp' });
  return made;
}
