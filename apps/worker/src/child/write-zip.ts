// Writes files into an uncompressed zip archive: weights hardly compress, and every reader can open it.
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import yazl from 'yazl';

/** Fixed time of all entries, so that the same files give the same bytes. */
const WRITTEN_AT = new Date(2000, 0, 1);

/** `files`: paths below `directory`, which the archive keeps. Returns `path`. */
export async function writeZip(path: string, directory: string, files: readonly string[]): Promise<string> {
  const archive = new yazl.ZipFile();
  for (const file of files) archive.addFile(join(directory, file), file, { compress: false, mtime: WRITTEN_AT, mode: 0o100644 });
  archive.end();
  await pipeline(archive.outputStream, createWriteStream(path));
  return path;
}
