// Reads an upload of single images or one zip archive part by part. Checks and stores each file, and reports it in the response.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { MultipartFile } from '@fastify/multipart';
import { caption as captionSchema, componentName, noSuchField, UPLOAD_LIMITS } from '@styleforge/contracts';
import type { UploadedFile } from '@styleforge/contracts';
import type { DatasetSummary } from '@styleforge/database';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ApiError } from '../../errors/api-error.ts';
import { isStorableText } from '../../http/storable-text.ts';
import { applyCaptions, CaptionFiles, isCaptionFile } from './caption-files.ts';
import { type Intake, type Labels, refuse, removeKept, type Stores, takeImage } from './image-intake.ts';
import { applyMasks, isMaskFile, type MaskFile, readMask } from './mask-files.ts';
import { withUploadFolder } from '../files/upload-folders.ts';
import { UploadBody } from '../files/upload-body.ts';
import { readZip, ZipRefusal } from '../files/zip-archive.ts';

type Label = keyof Labels;
interface Upload extends Intake {
  body: UploadBody;
  captions: CaptionFiles;
  masks: MaskFile[];
}

const LABEL_SCHEMAS: Record<Label, z.ZodType<string>> = { component: componentName, caption: captionSchema };
const isLabel = (field: string): field is Label => Object.hasOwn(LABEL_SCHEMAS, field);
const MEGABYTE = 1024 ** 2;
const ZIP_TYPES = ['application/zip', 'application/x-zip-compressed'];

/** Keeps all accepted files, or none if the request itself turns out to be invalid. */
export async function takeUpload(
  stores: Stores,
  dataset: DatasetSummary,
  request: FastifyRequest,
): Promise<{ files: UploadedFile[]; fingerprint: string }> {
  return withUploadFolder(stores.uploadDirectory, async (folder) => {
    const labels = { component: null, caption: null };
    const body = new UploadBody(request, stores.uploadPace);
    const upload: Upload = { stores, dataset, body, labels, files: [], folder, decodeMs: 0, captions: new CaptionFiles(), masks: [] };
    try {
      await takeParts(upload);
      await applyCaptions(upload, upload.captions);
      await applyMasks(upload, upload.masks);
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
    // A part of type application/octet-stream is a file even without a file name; some clients send an empty name.
    if (!part.filename) part.filename = `unnamed-${fileParts}`;
    hasZip ||= isZip(part);
    if (hasZip && fileParts > 1) throw fieldError('images', 'send either single images or one zip archive in a request');
    if (hasZip) await takeZip(upload, part);
    else await takeSingleFile(upload, part);
  }
  if (fileParts === 0) throw new ApiError('invalid_request', 'The upload has no files. Send each image as a part with a file name.');
  // Refuses the request, because keeping the files without their label would change what is trained.
  if (labelAfterLastFile !== null) throw fieldError(labelAfterLastFile, 'must come before the files that it applies to');
}

function fieldError(field: string, detail: string): ApiError {
  return new ApiError('validation_failed', `Nothing was kept. Field ${field}: ${detail}${detail.endsWith('?') ? '' : '.'}`, [
    { pointer: `/${field}`, detail },
  ]);
}

/** Sets the label that the field names; an empty value clears it. */
function readLabel(field: string, value: string, labels: Labels): Label {
  if (field === 'images') throw fieldError(field, 'has no file name: set one for the part of each image');
  if (!isLabel(field)) throw fieldError(field, noSuchField(field, Object.keys(LABEL_SCHEMAS)));
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
  if (isCaptionFile(part.filename)) {
    const isWhole = await upload.body.save(part, { path: file, limit: UPLOAD_LIMITS.captionFileBytes });
    return takeCaptions(upload, part.filename, isWhole ? file : null);
  }
  const { fileBytes: limit } = UPLOAD_LIMITS;
  const isWhole = await upload.body.save(part, { path: file, limit });
  if (!isWhole) refuse(upload, part.filename, 'too_many_bytes', `is larger than ${limit / MEGABYTE} MB`);
  else if (isMaskFile(part.filename)) await takeMask(upload, part.filename, file);
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
      else if (isCaptionFile(item.fileName)) await takeCaptions(upload, item.fileName, file);
      else if (isMaskFile(item.fileName)) await takeMask(upload, item.fileName, file);
      else await takeImage(upload, file, { fileName: item.fileName, mimeType: '' });
    }
  } catch (error) {
    if (!(error instanceof ZipRefusal)) throw error;
    refuse(upload, part.filename, error.code, error.message);
  }
}

/** The image may be uploaded later. */
async function takeMask(upload: Upload, fileName: string, file: string): Promise<void> {
  const mask = await readMask(upload, fileName, file, path.join(upload.folder, `mask-${upload.masks.length}.png`));
  if (mask !== null) upload.masks.push(mask);
}

/** `file`: null if it was too large. */
async function takeCaptions(upload: Upload, fileName: string, file: string | null): Promise<void> {
  const { captionFileBytes: limit } = UPLOAD_LIMITS;
  const isTooLarge = file === null || (await stat(file)).size > limit;
  const fault = isTooLarge ? `is larger than ${limit / MEGABYTE} MB` : upload.captions.add(fileName, await readFile(file));
  if (fault !== null) refuse(upload, fileName, isTooLarge ? 'too_many_bytes' : 'invalid_caption', fault);
}
