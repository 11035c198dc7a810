// Creates a scaled-down WebP of an image in the object store.
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ApiDependencies } from '../../dependencies.ts';
import { withUploadFolder } from './upload-folders.ts';

export type Shrinking = Pick<ApiDependencies, 'objectStore' | 'imageDecoder' | 'uploadDirectory'>;

/** Shrinks an image to at most `side` pixels each way. `pixels`: the number that the image has. */
export async function shrinkObject(
  { objectStore, imageDecoder, uploadDirectory }: Shrinking,
  objectKey: string,
  size: { side: number; quality: number; pixels: number },
): Promise<Buffer> {
  return withUploadFolder(uploadDirectory, async (folder) => {
    const [large, small] = [path.join(folder, 'large'), path.join(folder, 'small')];
    const { body } = await objectStore.getStream(objectKey);
    await pipeline(body, createWriteStream(large));
    await imageDecoder.shrink(large, small, size);
    return readFile(small);
  });
}
