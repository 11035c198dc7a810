// Files and folders on disk, for Node only; loaded when a path is given.
import { constants, openAsBlob } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** Image files. Other types are sent as well, so that the service's response names them instead of nobody. */
const PICTURE = /\.(png|jpe?g|jfif|webp|avif|bmp|gif|hei[cf]|jxl|tiff?)$/i;

/** Masks, which are sent after all images. */
const MASK = /(\.mask|-masklabel)\.\w+$/i;
/** Caption files, which the service pairs with images by name. */
const CAPTION = /\.(txt|caption)$|^metadata\.jsonl$/i;

/** Opens a path. A folder stands for its images and caption files, sorted by name; names that begin with a dot are skipped. */
export async function* openLocalFiles(path: string): AsyncGenerator<{ name: string; blob: Blob }> {
  const isFolder = await isDirectory(path);
  const files = isFolder ? await filesIn(path) : [path];
  if (isFolder && !files.some((file) => !CAPTION.test(basename(file)))) throw new Error(`${path} has no PNG, JPEG or WebP images in it`);
  for (const file of files) {
    // openAsBlob does not name the file that cannot be read.
    await access(file, constants.R_OK);
    yield { name: basename(file), blob: (await openAsBlob(file)) as Blob };
  }
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause;
    throw new Error(`there is no file or folder ${path}: check the path; a relative path starts at the current folder`, { cause });
  });
  return found.isDirectory();
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter(({ name }) => PICTURE.test(name) || CAPTION.test(name))
    .filter((entry) => !entry.name.startsWith('.') && !entry.isDirectory())
    .map(({ name }) => name)
    .sort((a, b) => Number(MASK.test(a)) - Number(MASK.test(b)) || (a < b ? -1 : 1))
    .map((name) => join(folder, name));
}
