// Takes the parts of an upload one after the other: each file is checked, stored and answered for.
import { createHash } from 'node:crypto';
import type { Multipart, MultipartFile } from '@fastify/multipart';
import { caption as captionSchema, componentName, UPLOAD_LIMITS } from '@styleforge/contracts';
import type { RefusalCode, UploadedFile } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import type { DatasetSummary } from '@styleforge/database';
import { datasetImageKey } from '@styleforge/storage';
import type { z } from 'zod';
import type { ApiDependencies } from '../dependencies.ts';
import { ApiError } from '../errors/api-error.ts';
import { isStorableText } from '../plugins/text-check.ts';
import { presentImage } from '../presenters/datasets.ts';
import { ImageRefusal, normalizeImage } from './normalize-image.ts';

type Stores = Pick<ApiDependencies, 'database' | 'objectStore'>;
type Label = 'component' | 'caption';
type Labels = Record<Label, string | null>;

const LABEL_SCHEMAS: Record<Label, z.ZodType<string>> = { component: componentName, caption: captionSchema };
const MAX_FILE_NAME_LENGTH = 255;

/** All or nothing as far as the request goes: when it turns out to be broken, the files kept so far go again. */
export async function takeUpload(stores: Stores, dataset: DatasetSummary, parts: AsyncIterable<Multipart>): Promise<UploadedFile[]> {
  const files: UploadedFile[] = [];
  try {
    await takeParts(stores, dataset, parts, files);
    return files;
  } catch (error) {
    await removeKept(stores, files);
    throw error;
  }
}

async function takeParts(stores: Stores, dataset: DatasetSummary, parts: AsyncIterable<Multipart>, files: UploadedFile[]): Promise<void> {
  const labels: Labels = { component: null, caption: null };
  let labelAfterLastFile: Label | null = null;
  let imageCount = dataset.imageCount;
  for await (const part of readParts(parts)) {
    if (part.type === 'field') {
      labelAfterLastFile = readLabel(part.fieldname, String(part.value), labels);
      continue;
    }
    labelAfterLastFile = null;
    const file = await takeFile(stores, dataset, part, { ...labels }, imageCount);
    if (file.status === 'kept') imageCount++;
    files.push(file);
  }
  if (files.length === 0) throw new ApiError('invalid_request', 'The upload has no files. Send each image as a part with a file name.');
  // Keeping the files without a label that was meant for them would train something else.
  if (labelAfterLastFile !== null) throw fieldError(labelAfterLastFile, 'must come before the files that it is for');
}

async function* readParts(parts: AsyncIterable<Multipart>): AsyncGenerator<Multipart> {
  const iterator = parts[Symbol.asyncIterator]();
  for (let next = await reading(iterator.next()); !next.done; next = await reading(iterator.next())) yield next.value;
}

/** What goes wrong while reading the body is the sender's doing, unless the error says otherwise. */
async function reading<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== undefined) throw error;
    throw new ApiError('invalid_request', `The multipart body cannot be read: ${(error as Error).message}.`);
  }
}

async function removeKept({ database, objectStore }: Stores, files: UploadedFile[]): Promise<void> {
  for (const file of files) {
    if (file.status !== 'kept') continue;
    const objectKey = await database.images.delete(file.image.id);
    if (objectKey !== null) await objectStore.delete(objectKey);
  }
}

function fieldError(field: string, detail: string): ApiError {
  return new ApiError('validation_failed', `Field ${field}: ${detail}. Nothing was kept.`, [{ pointer: `/${field}`, detail }]);
}

/** Sets the label that the field names; an empty value clears it. */
function readLabel(field: string, value: string, labels: Labels): Label {
  if (field !== 'component' && field !== 'caption') throw fieldError(field, 'there is no such field');
  if (value === '') {
    labels[field] = null;
    return field;
  }
  const result = LABEL_SCHEMAS[field].safeParse(value);
  if (!isStorableText(value)) throw fieldError(field, 'must be well-formed Unicode text without NUL characters');
  if (!result.success) throw fieldError(field, result.error.issues[0]?.message ?? 'is not valid');
  labels[field] = result.data;
  return field;
}

async function takeFile(stores: Stores, dataset: DatasetSummary, part: MultipartFile, labels: Labels, imageCount: number): Promise<UploadedFile> {
  // Always read to the end: the next part comes after it.
  const bytes = await reading(part.toBuffer());
  const file_name = part.filename.replaceAll(/[\p{Control}\p{Surrogate}]/gu, '_').slice(-MAX_FILE_NAME_LENGTH);
  const refuse = (code: RefusalCode, detail: string): UploadedFile => ({ file_name, status: 'refused', code, detail });
  if (part.file.truncated) return refuse('too_many_bytes', `is larger than ${UPLOAD_LIMITS.fileBytes / 1024 ** 2} MB`);
  if (imageCount >= UPLOAD_LIMITS.imagesPerDataset) return refuse('dataset_full', `the dataset has ${imageCount} images already`);
  try {
    const { png, width, height } = await normalizeImage(bytes, { fileName: part.filename, mimeType: part.mimetype });
    const image = await store(stores, dataset, { fileName: file_name, png, width, height, ...labels });
    return image === null ? refuse('duplicate', 'the dataset has this picture already') : { file_name, status: 'kept', image };
  } catch (error) {
    if (error instanceof ImageRefusal) return refuse(error.code, error.message);
    throw error;
  }
}

type CheckedImage = Labels & { fileName: string; png: Buffer; width: number; height: number };

/** The file first, then the row: a row always has its file. */
async function store({ database, objectStore }: Stores, dataset: DatasetSummary, { png, ...values }: CheckedImage) {
  const id = newId('image');
  const { projectId, id: datasetId } = dataset;
  const objectKey = datasetImageKey(projectId, datasetId, id);
  const sha256 = createHash('sha256').update(png).digest('hex');
  await objectStore.put(objectKey, png, { contentType: 'image/png' });
  const row = await database.images.add({ id, projectId, datasetId, objectKey, sizeBytes: png.length, sha256, ...values });
  if (row === null) await objectStore.delete(objectKey);
  return row && presentImage(row);
}
