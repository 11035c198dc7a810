// Writes a zip archive in the browser. Entries are not compressed, because images already are.
export interface ZipEntry {
  name: string;
  content: Blob;
}

const CRC = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The first of January 1980, the earliest date that the format knows. */
const DATE = 0x21;
const UTF8_NAMES = 0x800;

/** Fields that the local header and the directory share, from the version to the length of the name. */
function fields(view: DataView, at: number, { crc, size, nameLength }: { crc: number; size: number; nameLength: number }): void {
  view.setUint16(at, 20, true);
  view.setUint16(at + 2, UTF8_NAMES, true);
  view.setUint16(at + 8, DATE, true);
  view.setUint32(at + 10, crc, true);
  view.setUint32(at + 14, size, true);
  view.setUint32(at + 18, size, true);
  view.setUint16(at + 22, nameLength, true);
}

/** Appends a number to duplicate names, so that no entry hides another. */
function withOwnNames(entries: ZipEntry[]): ZipEntry[] {
  const taken = new Set<string>();
  return entries.map(({ name, content }) => {
    let own = name;
    for (let count = 2; taken.has(own); count++) own = name.replace(/(\.[^.]*)?$/, ` ${count}$1`);
    taken.add(own);
    return { name: own, content };
  });
}

export async function zipOf(entries: ZipEntry[]): Promise<Blob> {
  const parts: BlobPart[] = [];
  const directory: BlobPart[] = [];
  let [offset, directorySize] = [0, 0];
  for (const { name, content } of withOwnNames(entries)) {
    const encoded = new TextEncoder().encode(name);
    const of = { crc: crc32(new Uint8Array(await content.arrayBuffer())), size: content.size, nameLength: encoded.length };
    const local = new DataView(new ArrayBuffer(30));
    local.setUint32(0, 0x04034b50, true);
    fields(local, 4, of);
    const central = new DataView(new ArrayBuffer(46));
    central.setUint32(0, 0x02014b50, true);
    central.setUint16(4, 20, true);
    fields(central, 6, of);
    central.setUint32(42, offset, true);
    parts.push(local, encoded, content);
    directory.push(central, encoded);
    offset += 30 + encoded.length + content.size;
    directorySize += 46 + encoded.length;
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, entries.length, true);
  end.setUint16(10, entries.length, true);
  end.setUint32(12, directorySize, true);
  end.setUint32(16, offset, true);
  return new Blob([...parts, ...directory, end], { type: 'application/zip' });
}

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Fetches a few files at a time, in the given order. */
export async function fetchAll(paths: string[], onProgress: (done: number) => void = () => undefined): Promise<Blob[]> {
  const blobs: Blob[] = [];
  const AT_A_TIME = 6;
  for (let next = 0; next < paths.length; next += AT_A_TIME) {
    blobs.push(...(await Promise.all(paths.slice(next, next + AT_A_TIME).map(fetchOne))));
    onProgress(blobs.length);
  }
  return blobs;
}

async function fetchOne(path: string): Promise<Blob> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} cannot be read: ${response.status}`);
  return response.blob();
}
