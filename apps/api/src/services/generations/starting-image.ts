// Starting image of a generation: copied to the generation's objects, so that later changes do not affect it.
import { createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { GenerationConfig } from '@styleforge/contracts';
import { generationInputKey, ObjectNotFoundError } from '@styleforge/storage';
import { checkImageHeader } from '../../decoding/image-header.ts';
import { ImageRefusal } from '../../decoding/image-refusal.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { ApiError } from '../../errors/api-error.ts';
import { withUploadFolder } from '../files/upload-folders.ts';

const POINTER = '/image';

interface Asked {
  projectId: string;
  generationId: string;
  image: string | null | undefined;
}

export async function takeStartingImage(
  dependencies: ApiDependencies,
  { projectId, generationId, image }: Asked,
): Promise<GenerationConfig['image']> {
  if (!image) return null;
  const key = generationInputKey(projectId, generationId);
  const [, mimeType, data] = /^data:([^;]+);base64,(.*)$/s.exec(image) ?? [];
  if (mimeType !== undefined && data !== undefined) {
    await takeEncoded(dependencies, { mimeType, bytes: Buffer.from(data, 'base64'), key });
    return { id: null };
  }
  await copyStored(dependencies, projectId, image, key);
  return { id: image };
}

/** Converts an image in the request to a clean PNG, like an uploaded image. */
async function takeEncoded(
  { imageDecoder, uploadDirectory, objectStore }: ApiDependencies,
  { mimeType, bytes, key }: { mimeType: string; bytes: Buffer; key: string },
): Promise<void> {
  await withUploadFolder(uploadDirectory, async (folder) => {
    const [input, output] = [path.join(folder, 'input'), path.join(folder, 'clean.png')];
    await writeFile(input, bytes);
    try {
      await imageDecoder.normalize(input, output, { fileName: '', mimeType }, await checkImageHeader(input));
    } catch (error) {
      if (error instanceof ImageRefusal) throw refusal(`the image ${error.message}`);
      throw error;
    }
    await objectStore.put(key, await readFile(output), { contentType: 'image/png' });
  });
}

async function copyStored(
  { database, objectStore, uploadDirectory }: ApiDependencies,
  projectId: string,
  id: string,
  key: string,
): Promise<void> {
  const row = (await database.generations.findImage(projectId, id)) ?? (await database.images.find(projectId, id));
  if (row === null) throw refusal(`there is no image ${id}`);
  await withUploadFolder(uploadDirectory, async (folder) => {
    const file = path.join(folder, 'image');
    try {
      await pipeline((await objectStore.getStream(row.objectKey)).body, createWriteStream(file));
    } catch (error) {
      if (error instanceof ObjectNotFoundError)
        throw refusal(`the file of the image ${id} is missing in the object store; name another image`);
      throw error;
    }
    await objectStore.put(key, { file });
  });
}

const refusal = (detail: string): ApiError => new ApiError('validation_failed', `${POINTER}: ${detail}`, [{ pointer: POINTER, detail }]);
