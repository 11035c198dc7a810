// Inspects images before the upload: their sizes, and duplicates.
import { StyleForgeError } from './errors.ts';
import { openFiles, type Uploadable } from './files.ts';
import { imageSize } from './image-size.ts';

export interface InspectedImage {
  name: string;
  /** Undefined if the first bytes do not tell, as in an archive. */
  width: number | undefined;
  height: number | undefined;
  /** Name of an earlier image with the same bytes. */
  duplicateOf: string | undefined;
}

/** Files of captions and masks. */
const FILE_BESIDE = /\.(txt|caption|jsonl)$|(\.mask|-masklabel)\.\w+$/i;
const NAMED = 3;

/** Inspects files without uploading them. Archives are not opened. */
export async function inspectImages(files: Uploadable | Uploadable[]): Promise<InspectedImage[]> {
  const seen = new Map<string, string>();
  const inspected: InspectedImage[] = [];
  for await (const { name, blob } of openFiles(files, {})) {
    if (FILE_BESIDE.test(name)) continue;
    const hash = await digestOf(blob);
    const duplicateOf = hash === undefined ? undefined : seen.get(hash);
    if (hash !== undefined && duplicateOf === undefined) seen.set(hash, name);
    const { width, height } = (await imageSize(blob)) ?? { width: undefined, height: undefined };
    inspected.push({ name, width, height, duplicateOf });
  }
  return inspected;
}

/** SHA-256 of the content; undefined on pages loaded over plain HTTP, where browsers do not compute digests. */
async function digestOf(blob: Blob): Promise<string | undefined> {
  if (crypto.subtle === undefined) return undefined;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Throws for images that a job of this resolution would refuse; the message names up to three. */
export async function refuseSmallImages(files: Uploadable | Uploadable[], resolution: number): Promise<void> {
  const small = (await inspectImages(files))
    .filter(({ width, height }) => width !== undefined && height !== undefined && Math.min(width, height) < resolution)
    .map(({ name, width, height }) => `${name} is ${width}x${height}`);
  if (small.length === 0) return;
  const more = small.length > NAMED ? `, and ${small.length - NAMED} more` : '';
  throw new StyleForgeError(
    `Images are smaller than hyperparameters.resolution ${resolution}: ` +
      `${small.slice(0, NAMED).join(', ')}${more}. Give larger images, or lower the resolution.`,
  );
}
