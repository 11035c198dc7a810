// Takes an upload part by part, single images or one zip archive: each file is checked, stored and answered for.
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MultipartFile } from '@fastify/multipart';
import { caption as captionSchema, componentName, UPLOAD_LIMITS } from '@styleforge/contracts';
import type { RefusalCode, UploadedFile } from '@styleforge/contracts';
import { newId } from '@styleforge/database';
import type { DatasetSummary } from '@styleforge/database';
import { datasetImageKey } from '@styleforge/storage';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { ApiDependencies } from '../dependencies.ts';
import { ApiError } from '../errors/api-error.ts';
import { isStorableText } from '../plugins/text-check.ts';
import { presentImage } from '../presenters/datasets.ts';
import { ImageRefusal, normalizeImage } from './normalize-image.ts';
import { readFilePart, readParts, saveFilePart, UploadFingerprint } from './upload-parts.ts';
import { readZip, ZipRefusal } from './zip-archive.ts';

type Stores = Pick<ApiDependencies, 'database' | 'objectStore'>;
type Label = 'component' | 'caption';
type Labels = Record<Label, string | null>;
type Upload = { stores: Stores; dataset: DatasetSummary; fingerprint: UploadFingerprint; labels: Labels; files: UploadedFile[] };

const LABEL_SCHEMAS: Record<Label, z.ZodType<string>> = { component: componentName, caption: captionSchema };
const MAX_FILE_NAME_LENGTH = 255;
const MEGABYTE = 1024 ** 2;
const ZIP_TYPES = ['application/zip', 'application/x-zip-compressed'];

/** All or nothing as far as the request goes: when it turns out to be broken, the files kept so far go again. */
export async function takeUpload(
  stores: Stores,
  dataset: DatasetSummary,
  request: FastifyRequest,
): Promise<{ files: UploadedFile[]; fingerprint: string }> {
  const upload: Upload = { stores, dataset, fingerprint: new UploadFingerprint(), labels: { component: null, caption: null }, files: [] };
  try {
    await takeParts(upload, request);
    return { files: upload.files, fingerprint: upload.fingerprint.digest() };
  } catch (error) {
    await removeKept(stores, upload.files);
    throw error;
  }
}

async function takeParts(upload: Upload, request: FastifyRequest): Promise<void> {
  let labelAfterLastFile: Label | null = null;
  let fileParts = 0;
  let hasZip = false;
  for await (const part of readParts(request)) {
    if (part.type === 'field') {
      upload.fingerprint.add('field', part.fieldname, String(part.value));
      labelAfterLastFile = readLabel(part.fieldname, String(part.value), upload.labels);
      continue;
    }
    labelAfterLastFile = null;
    hasZip ||= isZip(part);
    fileParts++;
    if (hasZip && fileParts > 1) throw fieldError('images', 'send either single images or one zip archive in a request');
    if (hasZip) await takeZip(upload, part);
    else await takeSingleFile(upload, part);
  }
  if (fileParts === 0) throw new ApiError('invalid_request', 'The upload has no files. Send each image as a part with a file name.');
  // Keeping the files without a label that was meant for them would train something else.
  if (labelAfterLastFile !== null) throw fieldError(labelAfterLastFile, 'must come before the files that it is for');
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
  if (field === 'images') throw fieldError(field, "is no file: give each image's part a file name");
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

function isZip({ filename, mimetype }: MultipartFile): boolean {
  return ZIP_TYPES.includes(mimetype) || path.extname(filename).toLowerCase() === '.zip';
}

async function takeSingleFile(upload: Upload, part: MultipartFile): Promise<void> {
  const bytes = await readFilePart(part, UPLOAD_LIMITS.fileBytes, upload.fingerprint);
  if (bytes === null) refuse(upload, part.filename, 'too_many_bytes', `is larger than ${UPLOAD_LIMITS.fileBytes / MEGABYTE} MB`);
  else await takeImage(upload, bytes, { fileName: part.filename, mimeType: part.mimetype });
}

/** The archive lies on the disk only while it is read. */
async function takeZip(upload: Upload, part: MultipartFile): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'styleforge-upload-'));
  try {
    const file = path.join(directory, 'upload.zip');
    const isWhole = await saveFilePart(part, file, upload.fingerprint);
    if (!isWhole) return refuse(upload, part.filename, 'archive_too_large', `is larger than ${UPLOAD_LIMITS.zipBytes / MEGABYTE} MB`);
    for await (const item of readZip(file)) {
      if ('code' in item) refuse(upload, item.fileName, item.code, item.detail);
      else await takeImage(upload, item.bytes, { fileName: item.fileName, mimeType: '' });
    }
  } catch (error) {
    if (!(error instanceof ZipRefusal)) throw error;
    refuse(upload, part.filename, error.code, error.message);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function takeImage(upload: Upload, bytes: Buffer, declared: { fileName: string; mimeType: string }): Promise<void> {
  const { stores, dataset, labels, files } = upload;
  try {
    const { png, width, height } = await normalizeImage(bytes, declared);
    const fileName = shownName(declared.fileName);
    const image = await store(stores, dataset, { fileName, png, width, height, ...labels });
    if (image === 'duplicate') refuse(upload, fileName, 'duplicate', 'the dataset has this picture already');
    else if (image === 'dataset_full')
      refuse(upload, fileName, 'dataset_full', `the dataset has ${UPLOAD_LIMITS.imagesPerDataset} images already`);
    else files.push({ file_name: fileName, status: 'kept', image });
  } catch (error) {
    if (!(error instanceof ImageRefusal)) throw error;
    refuse(upload, declared.fileName, error.code, error.message);
  }
}

function refuse({ files }: Upload, fileName: string, code: RefusalCode, detail: string): void {
  files.push({ file_name: shownName(fileName), status: 'refused', code, detail });
}

function shownName(fileName: string): string {
  return fileName.replaceAll(/[\p{Control}\p{Surrogate}]/gu, '_').slice(-MAX_FILE_NAME_LENGTH);
}

type CheckedImage = Labels & { fileName: string; png: Buffer; width: number; height: number };

/** The file first, then the row: a row always has its file. */
async function store({ database, objectStore }: Stores, dataset: DatasetSummary, { png, ...values }: CheckedImage) {
  const id = newId('image');
  const { projectId, id: datasetId } = dataset;
  const objectKey = datasetImageKey(projectId, datasetId, id);
  const sha256 = createHash('sha256').update(png).digest('hex');
  await objectStore.put(objectKey, png, { contentType: 'image/png' });
  const row = await database.images.add(
    { id, projectId, datasetId, objectKey, sizeBytes: png.length, sha256, ...values },
    UPLOAD_LIMITS.imagesPerDataset,
  );
  if (typeof row !== 'string') return presentImage(row);
  await objectStore.delete(objectKey);
  if (row === 'no_dataset') throw new ApiError('not_found', `The dataset ${datasetId} has just been deleted.`);
  return row;
}
