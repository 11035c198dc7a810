// Stores the mask of an image.
import { newId } from '@styleforge/database';
import type { DatasetSummary, ImageMask } from '@styleforge/database';
import { datasetMaskKey, type ObjectStore } from '@styleforge/storage';

export const NO_MASK: ImageMask = { maskKey: null, maskSha256: null };

/** Stores the object before the row that refers to it. */
export async function storeMask(store: ObjectStore, dataset: DatasetSummary, file: string): Promise<ImageMask> {
  const maskKey = datasetMaskKey(dataset.projectId, dataset.id, newId('image'));
  const { sha256: maskSha256 } = await store.put(maskKey, { file }, { contentType: 'image/png' });
  return { maskKey, maskSha256 };
}
