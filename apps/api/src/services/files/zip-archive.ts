// Reads the files of an uploaded zip archive that are safe to read, and says of the others why they are not.
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { UPLOAD_LIMITS } from '@styleforge/contracts';
import type { RefusalCode } from '@styleforge/contracts';
import { isStorageFull } from '@styleforge/storage';
import yauzl from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';

type Refused = { code: RefusalCode; detail: string };
/** `save` writes the file to the disk; it returns why that was not possible. */
export type ZipItem = { fileName: string } & ({ save: (path: string) => Promise<Refused | null> } | Refused);

/** The archive as a whole is refused. */
export class ZipRefusal extends Error {
  override name = 'ZipRefusal';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

const MEGABYTE = 1024 ** 2;
const NAMED_TWICE: Refused = {
  code: 'duplicate_name',
  detail: 'stands in the archive twice: programs disagree about which of the two is meant',
};
const SYMBOLIC_LINK = 0o120000;
const FILE_TYPE_BITS = 0o170000;

/** No name in the archive is ever used as a path. Everything is looked at before the first byte is unpacked. */
export async function* readZip(path: string): AsyncGenerator<ZipItem> {
  const zip = await openZip(path);
  try {
    const entries = await listEntries(zip);
    if (entries.every((entry) => isNoFile(nameOf(entry))))
      throw new ZipRefusal('unreadable_archive', 'has no files: pack the images into it');
    const seen = new Set<string>();
    for (const entry of entries) {
      const fileName = nameOf(entry);
      if (isNoFile(fileName) && refusalOf(entry, fileName)?.code !== 'odd_path') continue;
      const refusal = seen.has(fileName) ? NAMED_TWICE : refusalOf(entry, fileName);
      seen.add(fileName);
      yield { fileName, ...(refusal ?? { save: (path: string) => unpack(zip, entry, path) }) };
    }
  } finally {
    zip.close();
  }
}

async function openZip(path: string): Promise<ZipFile> {
  try {
    return await yauzl.openPromise(path, { autoClose: false, decodeStrings: false, validateEntrySizes: true });
  } catch (error) {
    throw new ZipRefusal('unreadable_archive', `cannot be read as a zip archive: ${(error as Error).message}`);
  }
}

async function listEntries(zip: ZipFile): Promise<Entry[]> {
  const entries: Entry[] = [];
  let unpackedBytes = 0;
  const { zipEntries, zipUnpackedBytes } = UPLOAD_LIMITS;
  if (zip.entryCount > zipEntries) throw new ZipRefusal('archive_too_large', `has ${zip.entryCount} entries; ${zipEntries} is the most`);
  try {
    for await (const entry of zip.eachEntry()) {
      entries.push(entry);
      unpackedBytes += entry.uncompressedSize;
    }
  } catch (error) {
    throw new ZipRefusal('unreadable_archive', `its list of files is damaged: ${(error as Error).message}`);
  }
  // An archive whose files share their data unpacks to more than it holds, too: each is counted by itself.
  if (unpackedBytes > zipUnpackedBytes) {
    throw new ZipRefusal('archive_too_large', `unpacks to more than ${zipUnpackedBytes / MEGABYTE} MB`);
  }
  return entries;
}

/** Some programs separate folders by backslashes, against the format (APPNOTE 4.4.17.1). */
function nameOf(entry: Entry): string {
  const name = yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, true);
  return name.replaceAll('\\', '/');
}

/** A folder, or what desktops leave beside the files of a folder. */
function isNoFile(name: string): boolean {
  return name.endsWith('/') || name.startsWith('__MACOSX/') || /(^|\/)(\.DS_Store|\._[^/]*|Thumbs\.db|desktop\.ini)$/i.test(name);
}

function refusalOf(entry: Entry, name: string): Refused | null {
  const mode = entry.externalFileAttributes >>> 16;
  if (yauzl.validateFileName(name) !== null || name === '' || name.includes('\0') || (mode & FILE_TYPE_BITS) === SYMBOLIC_LINK) {
    return { code: 'odd_path', detail: 'has a path that leads out of the archive, or is a link' };
  }
  if (entry.isEncrypted()) return { code: 'unreadable_archive', detail: 'is encrypted: pack the archive without a password' };
  if (entry.uncompressedSize > UPLOAD_LIMITS.fileBytes)
    return { code: 'too_many_bytes', detail: `is larger than ${UPLOAD_LIMITS.fileBytes / MEGABYTE} MB` };
  return null;
}

/** The reader stops a file that unpacks to more than its entry says. */
async function unpack(zip: ZipFile, entry: Entry, path: string): Promise<Refused | null> {
  try {
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path, { mode: 0o600 }));
    return null;
  } catch (error) {
    if (isStorageFull(error)) throw error;
    const { message } = error as Error;
    const remedy = message.startsWith('unsupported compression method')
      ? ': pack the archive with the usual compression (deflate), or with none'
      : '';
    return { code: 'unreadable_archive', detail: `cannot be unpacked: ${message}${remedy}` };
  }
}
