// All files of a folder, through symbolic links: model folders are often put together from links to files and folders of others.
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Paths of the files in a folder and its folders, relative to it, with forward slashes, sorted.
 *
 * @throws {Error} if a link leads nowhere (ENOENT), or to a folder that contains it.
 */
export async function filesBelow(directory: string): Promise<string[]> {
  const files: string[] = [];
  await collect(directory, '', [], files);
  return files.sort();
}

async function collect(directory: string, prefix: string, above: readonly string[], files: string[]): Promise<void> {
  const real = await realpath(directory);
  if (above.includes(real)) throw new Error(`${directory} links to ${real}, which contains it: remove the link`);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    const kind = entry.isSymbolicLink() ? await stat(path) : entry;
    if (kind.isDirectory()) await collect(path, `${prefix}${entry.name}/`, [...above, real], files);
    else if (kind.isFile()) files.push(prefix + entry.name);
  }
}
