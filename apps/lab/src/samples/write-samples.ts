// Sample images as files: a StyleRef folder and an Aux folder with a caption file next to each image, as users store their own.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sampleStyle } from '@styleforge/samples';

export interface SampleFolders {
  /** The StyleRef folder, with twenty images of one style. */
  readonly style: string;
  /** The Aux folder, with twenty portraits in another style. */
  readonly aux: string;
}

/**
 * Writes `<directory>/style` and `<directory>/aux`: PNG images of `size` pixels with `.txt` captions. Throws when either folder already
 * contains files.
 */
export async function writeSamples(directory: string, styles: { style: string; aux: string }, size: number): Promise<SampleFolders> {
  const folders = { style: join(directory, 'style'), aux: join(directory, 'aux') };
  for (const folder of Object.values(folders)) await mustBeEmpty(folder);
  await writeFolder(folders.style, styles.style, size);
  await writeFolder(folders.aux, styles.aux, size);
  return folders;
}

async function mustBeEmpty(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const found = await readdir(folder);
  if (found.length > 0)
    throw new Error(
      `${folder} already contains ${found.length} files. Move them away, or choose another folder: npm run samples -- --to samples`,
    );
}

async function writeFolder(folder: string, style: string, size: number): Promise<void> {
  for (const { fileName, png, caption } of await sampleStyle(style, { size })) {
    await writeFile(join(folder, fileName), png);
    await writeFile(join(folder, fileName.replace(/\.png$/, '.txt')), `${caption}\n`);
  }
}
