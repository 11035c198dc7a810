// Reads the safe files of an uploaded zip archive, and reports why the others are refused.
import { isUtf8 } from 'node:buffer';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { UPLOAD_LIMITS } from '@styleforge/contracts';
import type { RefusalCode } from '@styleforge/contracts';
import { isStorageFull } from '@styleforge/storage';
import yauzl from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { otherFormatOf } from '../../decoding/image-header.ts';

type Refused = { code: RefusalCode; detail: string };
/** `save` writes the file to the disk; it returns why that was not possible. */
export type ZipItem = { fileName: string } & ({ save: (path: string) => Promise<Refused | null> } | Refused);

/** Thrown when the whole archive is refused. */
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
  detail: 'is in the archive twice, and programs disagree about which of the two counts: remove one',
};
const PACK_AGAIN = 'Pack the images again, or send them one by one.';
const UTF8_NAME = 0x800;
const SYMBOLIC_LINK = 0o120000;
const FILE_TYPE_BITS = 0o170000;

/** No name in the archive is ever used as a path. All entries are checked before the first byte is unpacked. */
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
    const other = await otherFormat(path);
    throw new ZipRefusal(
      'unreadable_archive',
      other === undefined
        ? `cannot be read as a zip archive: ${(error as Error).message} ${PACK_AGAIN}`
        : `is ${other}: pack the images as a zip archive`,
    );
  }
}

/** Format of a file that is not a zip archive, if its first bytes identify it. */
async function otherFormat(path: string): Promise<string | undefined> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(START_BYTES), 0, START_BYTES, 0);
    const start = buffer.subarray(0, bytesRead);
    return isZip(start) ? undefined : otherFormatOf(start);
  } finally {
    await handle.close();
  }
}
const START_BYTES = 32;
const isZip = (start: Buffer) => start.toString('latin1', 0, 2) === 'PK';

async function listEntries(zip: ZipFile): Promise<Entry[]> {
  const entries: Entry[] = [];
  let unpackedBytes = 0;
  const { zipEntries, zipUnpackedBytes } = UPLOAD_LIMITS;
  if (zip.entryCount > zipEntries)
    throw new ZipRefusal(
      'archive_too_large',
      `has ${zip.entryCount} entries; the maximum is ${zipEntries}: split it into several archives`,
    );
  try {
    for await (const entry of zip.eachEntry()) {
      entries.push(entry);
      unpackedBytes += entry.uncompressedSize;
    }
  } catch (error) {
    throw new ZipRefusal('unreadable_archive', `its list of files is damaged: ${(error as Error).message}. ${PACK_AGAIN}`);
  }
  // Each file is counted separately, because files in an archive may share their data and so unpack to more than it contains.
  if (unpackedBytes > zipUnpackedBytes) {
    throw new ZipRefusal('archive_too_large', `unpacks to more than ${zipUnpackedBytes / MEGABYTE} MB: split it into several archives`);
  }
  return entries;
}

/**
 * Some programs separate folders by backslashes, against the format (APPNOTE 4.4.17.1). Others, macOS among them, write names in UTF-8
 * without the flag that says so; a name in code page 437 is not valid UTF-8 except by a rare chance.
 */
function nameOf({ generalPurposeBitFlag: flags, fileNameRaw, extraFields }: Entry): string {
  const name = yauzl.getFileNameLowLevel(isUtf8(fileNameRaw) ? flags | UTF8_NAME : flags, fileNameRaw, extraFields, true);
  return name.replaceAll('\\', '/');
}

/** Whether the entry is a folder, or a file that desktops add to folders. */
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

/** Unpacks an entry and compares its checksum. The library stops entries that are larger than stated, but does not compare checksums. */
async function unpack(zip: ZipFile, entry: Entry, path: string): Promise<Refused | null> {
  let checksum = 0;
  async function* counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      checksum = crc32(chunk, checksum);
      yield chunk;
    }
  }
  try {
    await pipeline(await zip.openReadStreamPromise(entry), counted, createWriteStream(path, { mode: 0o600 }));
    return checksum === entry.crc32
      ? null
      : { code: 'unreadable_archive', detail: `is damaged in the archive (its checksum differs). ${PACK_AGAIN}` };
  } catch (error) {
    if (isStorageFull(error)) throw error;
    const { message } = error as Error;
    const remedy = message.startsWith('unsupported compression method')
      ? ': pack the archive with the usual compression (deflate), or with none'
      : '';
    return { code: 'unreadable_archive', detail: `cannot be unpacked: ${message}${remedy}` };
  }
}
