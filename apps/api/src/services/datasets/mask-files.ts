// Masks select the part of an image that is learned. A mask is an alpha channel, or a file NAME.mask.png next to NAME.png.
import path from 'node:path';
import type { ImageRow } from '@styleforge/database';
import { checkImageHeader } from '../../decoding/image-header.ts';
import { ImageRefusal } from '../../decoding/image-refusal.ts';
import { stemOf } from './caption-files.ts';
import { type Intake, refuse, shownName } from './image-intake.ts';
import { storeMask } from './stored-mask.ts';

/** `-masklabel` is the suffix that OneTrainer uses. */
const MASK_FILE = /(\.mask|-masklabel)\.(png|jpe?g|webp)$/i;

export const isMaskFile = (fileName: string): boolean => MASK_FILE.test(fileName);

/** Decoded mask of this request. */
export interface MaskFile {
  fileName: string;
  /** Path of the mask as a gray PNG. */
  file: string;
  width: number;
  height: number;
}

/** Decodes the file to the folder of `into`; null if it was refused, which has been reported. */
export async function readMask(intake: Intake, fileName: string, file: string, into: string): Promise<MaskFile | null> {
  try {
    const pixels = await checkImageHeader(file);
    const { width, height, milliseconds } = await intake.stores.imageDecoder.mask(file, into, { fileName, mimeType: '' }, pixels);
    intake.decodeMs += milliseconds;
    return { fileName, file: into, width, height };
  } catch (error) {
    if (!(error instanceof ImageRefusal)) throw error;
    refuse(intake, fileName, error.code, error.message);
    return null;
  }
}

/** Stores the masks for the images of the dataset, both those of this request and earlier ones. */
export async function applyMasks(intake: Intake, masks: readonly MaskFile[]): Promise<void> {
  if (masks.length === 0) return;
  const { database } = intake.stores;
  const { projectId, id: datasetId } = intake.dataset;
  const images = new Map((await database.images.listByDataset(projectId, datasetId)).map((image) => [stemOf(image.fileName), image]));
  for (const mask of masks) {
    const image = images.get(shownName(mask.fileName.replace(MASK_FILE, '')));
    const fault =
      image === undefined ? 'belongs to no image of the dataset: NAME.mask.png is the mask of NAME.png' : sizeFault(mask, image);
    if (image === undefined || fault !== null) refuse(intake, mask.fileName, 'unusable_mask', fault ?? '');
    else await giveMask(intake, image, mask);
  }
}

function sizeFault({ width, height }: MaskFile, image: ImageRow): string | null {
  if (width === image.width && height === image.height) return null;
  return (
    `has ${width}x${height} pixels, and its image ${path.posix.basename(image.fileName)} has ` +
    `${image.width}x${image.height}: save it in the same size`
  );
}

async function giveMask(intake: Intake, image: ImageRow, { fileName, file }: MaskFile): Promise<void> {
  const { database, objectStore } = intake.stores;
  const mask = await storeMask(objectStore, intake.dataset, file);
  const outcome = await database.images.setMask(image.projectId, image.id, mask);
  // Another request may have just deleted the image.
  const unused = outcome === null ? mask.maskKey : outcome.replaced;
  if (unused !== null) await objectStore.delete(unused);
  if (outcome === null) return refuse(intake, fileName, 'unusable_mask', 'belongs to an image that has just been deleted');
  intake.files.push({ file_name: shownName(fileName), status: 'mask', image_id: image.id });
  for (const kept of intake.files) if (kept.status === 'kept' && kept.image.id === image.id) kept.image.has_mask = true;
}
