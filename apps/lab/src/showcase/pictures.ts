// Reads images and subjects from the user's folders and files.
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { ALL_IMAGES } from '@styleforge/contracts';
import { type Upload } from '../demo/api-client.ts';

const FORMATS = ['.png', '.jpg', '.jpeg', '.webp'];

/** The images of a folder by name, each with the text of its `.txt` file as its caption. Throws if there is none. */
export async function readImages(folder: string): Promise<Upload[]> {
  const names = (await readdir(folder)).sort();
  const images = names.filter((name) => FORMATS.includes(extname(name).toLowerCase()));
  if (images.length === 0) throw new Error(`${folder} has no image: PNG, JPEG and WebP are read`);
  return Promise.all(
    images.map(async (fileName) => {
      const captionFile = `${fileName.slice(0, -extname(fileName).length)}.txt`;
      const caption = names.includes(captionFile) ? (await readFile(join(folder, captionFile), 'utf8')).trim() : '';
      return { fileName, png: await readFile(join(folder, fileName)), component: ALL_IMAGES, ...(caption && { caption }) };
    }),
  );
}

/** One subject a line; empty lines and lines that begin with # are skipped. Throws if no subject remains. */
export async function readPrompts(file: string): Promise<string[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim());
  const subjects = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (subjects.length === 0) throw new Error(`${file} has no subject: write one on each line`);
  return subjects;
}
