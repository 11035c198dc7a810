// Brings images into a dataset from where they are already: from URLs.
import path from 'node:path';
import type { ImportImagesRequest, UploadedFile } from '@styleforge/contracts';
import type { DatasetSummary } from '@styleforge/database';
import type { ApiDependencies } from '../../dependencies.ts';
import { fetchImage } from '../files/fetch-image.ts';
import { type Intake, refuse, removeKept, takeImage } from './image-intake.ts';
import { withUploadFolder } from '../files/upload-folders.ts';

/** Fetched at a time; decoded one by one. */
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

async function takeSome({ mayReach }: ApiDependencies, intake: Intake, items: Item[]): Promise<void> {
  const fileOf = (index: number) => path.join(intake.folder, `fetched-${index}`);
  const faults = await Promise.all(items.map(({ url }, index) => fetchImage(url, fileOf(index), mayReach)));
  for (const [index, item] of items.entries()) {
    const fileName = item.file_name ?? nameOf(item.url);
    const fault = faults[index];
    if (fault) {
      refuse(intake, fileName, fault.code, fault.detail);
      continue;
    }
    const { component = null, caption = null } = item;
    await takeImage({ ...intake, labels: { component, caption } }, fileOf(index), { fileName, mimeType: '' });
  }
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
