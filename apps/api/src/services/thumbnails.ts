// Small versions of uploaded images, made when they are first asked for and kept in the store.
import type { ImageRow } from '@styleforge/database';
import { datasetThumbnailKey, ObjectNotFoundError } from '@styleforge/storage';
import type { ObjectStore } from '@styleforge/storage';
import sharp from 'sharp';

const SIDE = 256;
const QUALITY = 80;

export async function readThumbnail(store: ObjectStore, { id, projectId, datasetId, objectKey }: ImageRow): Promise<Buffer> {
  const key = datasetThumbnailKey(projectId, datasetId, id);
  const kept = await store.get(key).catch((error: unknown) => {
    if (error instanceof ObjectNotFoundError) return null;
    throw error;
  });
  if (kept !== null) return Buffer.from(kept);
  const made = await sharp(await store.get(objectKey))
    .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: QUALITY })
    .toBuffer();
  await store.put(key, made, { contentType: 'image/webp' });
  return made;
}
