// Imports images into a dataset from URLs, or from uploads in the object store.
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UPLOAD_LIMITS } from '@styleforge/contracts';
import type { ImportImagesRequest, RefusalCode, UploadedFile } from '@styleforge/contracts';
import type { DatasetSummary } from '@styleforge/database';
import type { ApiDependencies } from '../../dependencies.ts';
import { fetchImage } from '../files/fetch-image.ts';
import { type Intake, refuse, removeKept, takeImage } from './image-intake.ts';
import { withUploadFolder } from '../files/upload-folders.ts';

/** Number of images fetched at the same time; they are decoded one by one. */
const AT_ONCE = 4;

type Item = ImportImagesRequest['images'][number];

export async function importImages(
  dependencies: ApiDependencies,
  dataset: DatasetSummary,
  { images }: ImportImagesRequest,
): Promise<UploadedFile[]> {
  return withUploadFolder(dependencies.uploadDirectory, async (folder) => {
    const labels = { component: null, caption: null };
    const intake: Intake = { stores: dependencies, dataset, labels, files: [], folder, decodeMs: 0 };
    try {
      for (let next = 0; next < images.length; next += AT_ONCE) await takeSome(dependencies, intake, images.slice(next, next + AT_ONCE));
      return intake.files;
    } catch (error) {
      await removeKept(dependencies, intake.files);
      throw error;
    }
  });
}

type Fetched = { fileName: string; fault: { code: RefusalCode; detail: string } | null; taken?(): Promise<void> };

async function takeSome(dependencies: ApiDependencies, intake: Intake, items: Item[]): Promise<void> {
  const fileOf = (index: number) => path.join(intake.folder, `fetched-${index}`);
  const all = await Promise.all(items.map((item, index) => fetched(dependencies, intake.dataset.projectId, item, fileOf(index))));
  for (const [index, item] of items.entries()) {
    const { fileName, fault, taken } = all[index] as Fetched;
    if (fault) {
      refuse(intake, fileName, fault.code, fault.detail);
      continue;
    }
    const { component = null, caption = null } = item;
    await takeImage({ ...intake, labels: { component, caption } }, fileOf(index), { fileName, mimeType: '' });
    await taken?.();
  }
}

async function fetched(dependencies: ApiDependencies, projectId: string, item: Item, file: string): Promise<Fetched> {
  const { url, upload_id: uploadId, file_name: name } = item;
  if (uploadId !== undefined) return fromUpload(dependencies, { projectId, uploadId, name }, file);
  const address = url ?? '';
  return { fileName: name ?? nameOf(address), fault: (await fetchImage(address, file, dependencies.mayReach)) ?? null };
}

type Named = { projectId: string; uploadId: string; name: string | undefined };

/** Imports an upload, which is deleted afterwards whether its image was kept or not. */
async function fromUpload(
  { database, objectStore }: ApiDependencies,
  { projectId, uploadId, name }: Named,
  file: string,
): Promise<Fetched> {
  const upload = await database.pendingUploads.find(projectId, uploadId);
  const unknown = (detail: string): Fetched => ({
    fileName: name ?? upload?.fileName ?? uploadId,
    fault: { code: 'not_reachable', detail },
  });
  if (upload === null) return unknown('this upload does not exist or has expired: create another with POST /v1/uploads');
  const head = await objectStore.head(upload.objectKey);
  if (head === null) return unknown('its file has not been sent: PUT the bytes to the url of the upload first');
  const limit = UPLOAD_LIMITS.fileBytes;
  if (head.size > limit)
    return { fileName: name ?? upload.fileName, fault: { code: 'too_many_bytes', detail: `is larger than ${limit / 1024 ** 2} MB` } };
  const { body } = await objectStore.getStream(upload.objectKey);
  await pipeline(body, createWriteStream(file));
  const taken = async () => {
    await database.pendingUploads.delete(upload.id);
    await objectStore.delete(upload.objectKey);
  };
  return { fileName: name ?? upload.fileName, fault: null, taken };
}

function nameOf(url: string): string {
  const { pathname, hostname } = new URL(url);
  const last = pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(last) || hostname;
  } catch {
    return last;
  }
}
