// Reads caption files next to images: NAME.txt, NAME.caption, and metadata.jsonl with a line for each image.
import path from 'node:path';
import { caption as captionSchema } from '@styleforge/contracts';
import type { UploadedFile } from '@styleforge/contracts';
import { parsePythonJson } from '@styleforge/model-files';
import { isStorableText } from '../../http/storable-text.ts';
import { type Intake, refuse, shownName } from './image-intake.ts';

const ONE_IMAGE = ['.txt', '.caption'];
const LIST = 'metadata.jsonl';
/** Fields of a line that may contain the caption and the name of the image, as the Hugging Face Hub and trainers write them. */
const TEXT_FIELDS = ['text', 'caption', 'prompt'];
const NAME_FIELDS = ['file_name', 'image'];
/** Lists of captions in formats that are not read. */
const OTHER_LIST = /\.(csv|tsv|json|jsonl|parquet)$/i;
const OTHER_LIST_FAULT =
  'is not a list of captions that is read: write metadata.jsonl, with a line such as {"file_name": "house.png", ' +
  '"text": "a house"} for each image, or house.txt next to house.png';

export function isCaptionFile(fileName: string): boolean {
  return ONE_IMAGE.includes(path.posix.extname(fileName).toLowerCase()) || OTHER_LIST.test(fileName);
}

const isList = (fileName: string): boolean => path.posix.basename(fileName).toLowerCase() === LIST;

/**
 * A path without its extension, which an image shares with its caption and mask. Normalizes Unicode, because systems compose accents
 * differently.
 */
export const stemOf = (fileName: string): string => fileName.slice(0, fileName.length - path.posix.extname(fileName).length).normalize();

/** The captions of one request, from the files that came with it. */
export class CaptionFiles {
  /** Map from the stem of an image to its caption, by file. */
  readonly read: { fileName: string; captions: Map<string, string> }[] = [];

  /** Reads a caption file. Returns why it cannot be used, or null. */
  add(fileName: string, bytes: Uint8Array): string | null {
    if (OTHER_LIST.test(fileName) && !isList(fileName)) return OTHER_LIST_FAULT;
    const text = decoded(bytes);
    if (text === null || !isStorableText(text)) return 'is not UTF-8 text: save it with the encoding UTF-8';
    const found = isList(fileName) ? readList(fileName, text) : readOne(fileName, text);
    if (typeof found === 'string') return found;
    this.read.push({ fileName, captions: found });
    return null;
  }
}

/** Decodes UTF-8, or UTF-16 with a byte order mark, which some editors and shells on Windows write. */
function decoded(bytes: Uint8Array): string | null {
  const [first, second] = bytes;
  const encoding = first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function readOne(fileName: string, text: string): Map<string, string> | string {
  const result = captionSchema.safeParse(text);
  return result.success
    ? new Map([[stemOf(fileName), result.data]])
    : `must contain a caption of 1 to 1000 characters, and has ${text.trim().length}`;
}

function readList(fileName: string, text: string): Map<string, string> | string {
  const captions = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const entry = parsed(line);
    const [name, text] = [NAME_FIELDS, TEXT_FIELDS].map((fields) => fields.map((field) => entry?.[field]).find(isGiven));
    // An image without a caption has an empty one, or null.
    if (typeof name === 'string' && (text === null || (typeof text === 'string' && text.trim() === ''))) continue;
    const caption = captionSchema.safeParse(text);
    if (typeof name !== 'string' || !caption.success)
      return `line ${index + 1} must be a JSON object with \`file_name\` and \`text\`, a caption of 1 to 1000 characters`;
    captions.set(stemOf(path.posix.join(path.posix.dirname(fileName), name.replaceAll('\\', '/'))), caption.data);
  }
  return captions;
}

const isGiven = (value: unknown): boolean => value !== undefined;

/**
 * The caption of an image: by its path, also with its extension (NAME.png.txt is for NAME.png), or by its name, if the list has one such
 * name.
 */
function captionOf(image: string, captions: ReadonlyMap<string, string>): string | undefined {
  const found = captions.get(stemOf(image)) ?? captions.get(image.normalize());
  if (found !== undefined || image.includes('/')) return found;
  const below = [...captions].filter(([stem]) => stem.endsWith(`/${stemOf(image)}`));
  return below.length === 1 ? below[0]![1] : undefined;
}

function parsed(line: string): Record<string, unknown> | null {
  try {
    const value = parsePythonJson(line);
    return typeof value === 'object' ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Stores the captions for the images of the dataset, both those of this request and earlier ones. */
export async function applyCaptions(intake: Intake, { read }: CaptionFiles): Promise<void> {
  if (read.length === 0) return;
  const { database } = intake.stores;
  const { projectId, id: datasetId } = intake.dataset;
  const images = await database.images.listByDataset(projectId, datasetId);
  const chosen = new Map<string, string>();
  for (const { fileName, captions } of read) {
    const imageIds: string[] = [];
    for (const image of images) {
      const caption = captionOf(image.fileName, captions);
      if (caption === undefined) continue;
      chosen.set(image.id, caption);
      imageIds.push(image.id);
    }
    if (imageIds.length > 0) intake.files.push({ file_name: shownName(fileName), status: 'caption', image_ids: imageIds });
    else
      refuse(
        intake,
        fileName,
        'no_image_for_caption',
        'belongs to no image of the dataset: give it the path and name of its image, with .txt or .caption',
      );
  }
  // Skips images that another request has just deleted.
  const gone = await database.images.setCaptions(projectId, datasetId, chosen);
  if (gone.length > 0) await database.images.setCaptions(projectId, datasetId, new Map([...chosen].filter(([id]) => !gone.includes(id))));
  for (const file of intake.files) if (file.status === 'kept') file.image.caption = chosen.get(file.image.id) ?? file.image.caption;
}

/** Counts the files of each kind. */
export function countFiles(files: UploadedFile[]): Record<'kept' | 'captions' | 'masks' | 'refused', number> & { files: UploadedFile[] } {
  const count = (status: UploadedFile['status']) => files.filter((file) => file.status === status).length;
  return { kept: count('kept'), captions: count('caption'), masks: count('mask'), refused: count('refused'), files };
}
