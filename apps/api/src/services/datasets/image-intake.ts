// Adds one image of any source to a dataset: checks, decodes and stores it, and reports the result.
import path from 'node:path';
import { UPLOAD_LIMITS } from '@styleforge/contracts';
import type { RefusalCode, UploadedFile } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import type { DatasetSummary } from '@styleforge/database';
import { datasetImageKey } from '@styleforge/storage';
import type { ApiDependencies } from '../../dependencies.ts';
import { checkImageHeader } from '../../decoding/image-header.ts';
import { ImageRefusal } from '../../decoding/image-refusal.ts';
import type { Declared } from '../../decoding/messages.ts';
import { ApiError } from '../../errors/api-error.ts';
import { NO_MASK, storeMask } from './stored-mask.ts';
import { presentImage } from '../../presenters/datasets.ts';

export type Stores = Pick<ApiDependencies, 'database' | 'objectStore' | 'imageDecoder' | 'uploadDirectory' | 'uploadPace'>;
export type Labels = Record<'component' | 'caption', string | null>;
export interface Intake {
  stores: Stores;
  dataset: DatasetSummary;
  labels: Labels;
  files: UploadedFile[];
  /** Folder for the file that is being checked. */
  folder: string;
  decodeMs: number;
}

const MAX_FILE_NAME_LENGTH = 255;

/** Deletes the images stored so far when the request turns out to be invalid. */
export async function removeKept({ database, objectStore }: Stores, files: UploadedFile[]): Promise<void> {
  for (const file of files) {
    if (file.status !== 'kept') continue;
    const row = await database.images.delete(file.image.id);
    if (row === null) continue;
    await objectStore.delete(row.objectKey);
    if (row.maskKey !== null) await objectStore.delete(row.maskKey);
  }
}

export async function takeImage(intake: Intake, file: string, declared: Declared): Promise<void> {
  const { stores, dataset, labels, files } = intake;
  try {
    const png = path.join(intake.folder, 'normalized.png');
    const size = await decode(intake, file, png, declared);
    const fileName = shownName(declared.fileName);
    const image = await store(stores, dataset, { fileName, png, ...size, ...labels });
    if (image === 'duplicate') refuse(intake, fileName, 'duplicate', 'the dataset already has this image');
    else if (image === 'dataset_full')
      refuse(intake, fileName, 'dataset_full', `the dataset is full: it has ${UPLOAD_LIMITS.imagesPerDataset} images`);
    else files.push({ file_name: fileName, status: 'kept', image });
  } catch (error) {
    if (!(error instanceof ImageRefusal)) throw error;
    refuse(intake, declared.fileName, error.code, error.message);
  }
}

/** `mask`: path of the mask from its alpha channel; null without one. */
type Decoded = { width: number; height: number; mask: string | null };

/** The header is read here; the image itself is decoded in another process. */
async function decode(intake: Intake, file: string, png: string, declared: Declared): Promise<Decoded> {
  const { decodeSeconds } = UPLOAD_LIMITS;
  if (intake.decodeMs > decodeSeconds * 1000)
    throw new ImageRefusal(
      'too_costly',
      `was not decoded: this request has used up its ${decodeSeconds} seconds; send the file in another request`,
    );
  const pixels = await checkImageHeader(file);
  const { width, height, mask, milliseconds } = await intake.stores.imageDecoder.normalize(file, png, declared, pixels);
  intake.decodeMs += milliseconds;
  return { width, height, mask };
}

export function refuse({ files }: Intake, fileName: string, code: RefusalCode, detail: string): void {
  files.push({ file_name: shownName(fileName), status: 'refused', code, detail });
}

/** Shortens a long name to its end, without splitting a character. */
export function shownName(fileName: string): string {
  const end = fileName.replaceAll(/[\p{Control}\p{Surrogate}]/gu, '_').slice(-MAX_FILE_NAME_LENGTH);
  return end.replace(/^\p{Surrogate}/u, '');
}

/** `png`: the path of the file. */
type CheckedImage = Labels & Decoded & { fileName: string; png: string };

/** Stores the file before the row, so that every row has its file. */
async function store({ database, objectStore }: Stores, dataset: DatasetSummary, { png, mask, ...values }: CheckedImage) {
  const id = newId('image');
  const { projectId, id: datasetId } = dataset;
  const objectKey = datasetImageKey(projectId, datasetId, id);
  const { size: sizeBytes, sha256 } = await objectStore.put(objectKey, { file: png }, { contentType: 'image/png' });
  const stored = mask === null ? NO_MASK : await storeMask(objectStore, dataset, mask);
  const row = await database.images.add(
    { id, projectId, datasetId, objectKey, sizeBytes, sha256, ...stored, ...values },
    UPLOAD_LIMITS.imagesPerDataset,
  );
  if (typeof row !== 'string') return presentImage(row);
  await objectStore.delete(objectKey);
  if (stored.maskKey !== null) await objectStore.delete(stored.maskKey);
  if (row === 'no_dataset') throw new ApiError('not_found', `The dataset ${datasetId} has just been deleted.`);
  return row;
}
