// Takes an upload part by part, single images or one zip archive: each file is checked, stored and answered for.
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
import { checkImageHeader } from '../decoding/image-header.ts';
import { ImageRefusal } from '../decoding/image-refusal.ts';
import type { Declared } from '../decoding/messages.ts';
import { presentImage } from '../presenters/datasets.ts';
import { withUploadFolder } from './upload-folders.ts';
import { UploadBody } from './upload-body.ts';
import { readZip, ZipRefusal } from './zip-archive.ts';

type Stores = Pick<ApiDependencies, 'database' | 'objectStore' | 'imageDecoder' | 'uploadDirectory' | 'uploadPace'>;
type Label = 'component' | 'caption';
type Labels = Record<Label, string | null>;
interface Upload {
  stores: Stores;
  dataset: DatasetSummary;
  body: UploadBody;
  labels: Labels;
  files: UploadedFile[];
  /** For the one file that is being checked. */
  folder: string;
  decodeMs: number;
}

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
  return withUploadFolder(stores.uploadDirectory, async (folder) => {
    const labels = { component: null, caption: null };
    const upload: Upload = { stores, dataset, body: new UploadBody(request, stores.uploadPace), labels, files: [], folder, decodeMs: 0 };
    try {
      await takeParts(upload);
      return { files: upload.files, fingerprint: upload.body.fingerprint() };
    } catch (error) {
      await removeKept(stores, upload.files);
      throw error;
    }
  });
}

async function takeParts(upload: Upload): Promise<void> {
  let labelAfterLastFile: Label | null = null;
  let fileParts = 0;
  let hasZip = false;
  for await (const part of upload.body.parts()) {
    if (part.type === 'field') {
      labelAfterLastFile = readLabel(part.fieldname, String(part.value), upload.labels);
      continue;
    }
    labelAfterLastFile = null;
    fileParts++;
    // A part of bytes is a file without being named as one.
    part.filename ??= `unnamed-${fileParts}`;
    hasZip ||= isZip(part);
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
  const file = path.join(upload.folder, 'image');
  const { fileBytes: limit } = UPLOAD_LIMITS;
  const isWhole = await upload.body.save(part, { path: file, limit });
  if (!isWhole) refuse(upload, part.filename, 'too_many_bytes', `is larger than ${limit / MEGABYTE} MB`);
  else await takeImage(upload, file, { fileName: part.filename, mimeType: part.mimetype });
}

async function takeZip(upload: Upload, part: MultipartFile): Promise<void> {
  const [archive, file] = [path.join(upload.folder, 'upload.zip'), path.join(upload.folder, 'image')];
  const { zipBytes: limit } = UPLOAD_LIMITS;
  try {
    const isWhole = await upload.body.save(part, { path: archive, limit });
    if (!isWhole) return refuse(upload, part.filename, 'archive_too_large', `is larger than ${limit / MEGABYTE} MB`);
    for await (const item of readZip(archive)) {
      const refused = 'code' in item ? item : await item.save(file);
      if (refused) refuse(upload, item.fileName, refused.code, refused.detail);
      else await takeImage(upload, file, { fileName: item.fileName, mimeType: '' });
    }
  } catch (error) {
    if (!(error instanceof ZipRefusal)) throw error;
    refuse(upload, part.filename, error.code, error.message);
  }
}

async function takeImage(upload: Upload, file: string, declared: Declared): Promise<void> {
  const { stores, dataset, labels, files } = upload;
  try {
    const png = path.join(upload.folder, 'normalized.png');
    const size = await decode(upload, file, png, declared);
    const fileName = shownName(declared.fileName);
    const image = await store(stores, dataset, { fileName, png, ...size, ...labels });
    if (image === 'duplicate') refuse(upload, fileName, 'duplicate', 'the dataset has this picture already');
    else if (image === 'dataset_full')
      refuse(upload, fileName, 'dataset_full', `the dataset has ${UPLOAD_LIMITS.imagesPerDataset} images already`);
    else files.push({ file_name: fileName, status: 'kept', image });
  } catch (error) {
    if (!(error instanceof ImageRefusal)) throw error;
    refuse(upload, declared.fileName, error.code, error.message);
  }
}

/** The header is read here; the image itself is decoded in another process. */
async function decode(upload: Upload, file: string, png: string, declared: Declared): Promise<{ width: number; height: number }> {
  const { decodeSeconds } = UPLOAD_LIMITS;
  if (upload.decodeMs > decodeSeconds * 1000)
    throw new ImageRefusal(
      'too_costly',
      `was not decoded: this upload has used its ${decodeSeconds} seconds; send the file in another one`,
    );
  const pixels = await checkImageHeader(file);
  const { width, height, milliseconds } = await upload.stores.imageDecoder.normalize(file, png, declared, pixels);
  upload.decodeMs += milliseconds;
  return { width, height };
}

function refuse({ files }: Upload, fileName: string, code: RefusalCode, detail: string): void {
  files.push({ file_name: shownName(fileName), status: 'refused', code, detail });
}

/** The end of a long name, without half a character at its start. */
function shownName(fileName: string): string {
  const end = fileName.replaceAll(/[\p{Control}\p{Surrogate}]/gu, '_').slice(-MAX_FILE_NAME_LENGTH);
  return end.replace(/^\p{Surrogate}/u, '');
}

/** `png`: the path of the file. */
type CheckedImage = Labels & { fileName: string; png: string; width: number; height: number };

/** The file first, then the row: a row always has its file. */
async function store({ database, objectStore }: Stores, dataset: DatasetSummary, { png, ...values }: CheckedImage) {
  const id = newId('image');
  const { projectId, id: datasetId } = dataset;
  const objectKey = datasetImageKey(projectId, datasetId, id);
  const { size: sizeBytes, sha256 } = await objectStore.put(objectKey, { file: png }, { contentType: 'image/png' });
  const row = await database.images.add(
    { id, projectId, datasetId, objectKey, sizeBytes, sha256, ...values },
    UPLOAD_LIMITS.imagesPerDataset,
  );
  if (typeof row !== 'string') return presentImage(row);
  await objectStore.delete(objectKey);
  if (row === 'no_dataset') throw new ApiError('not_found', `The dataset ${datasetId} has just been deleted.`);
  return row;
}
