// Files and folders of the disk, in Node only: loaded when a path is given.
import { openAsBlob } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

const IMAGE = /\.(png|jpe?g|webp)$/i;

/** A folder means the images that lie in it, by name. */
export async function* openLocalFiles(path: string): AsyncGenerator<{ name: string; blob: Blob }> {
  const isFolder = (await stat(path)).isDirectory();
  const files = isFolder ? (await readdir(path)).filter((name) => IMAGE.test(name)).sort().map((name) => join(path, name)) : [path];
  if (files.length === 0) throw new Error(`${path} has no PNG, JPEG or WebP images in it`);
  for (const file of files) yield { name: basename(file), blob: (await openAsBlob(file)) as Blob };
}
