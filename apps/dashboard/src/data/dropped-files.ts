// Reads files that were dropped, including those in folders, or chosen.
const ACCEPTED = /\.(png|jpe?g|webp|zip|txt|caption|jsonl)$/i;

/** Images and archives that the service does not read: each is named as refused, instead of missing without a word. */
const UNREADABLE = /\.(heic|heif|avif|gif|tiff?|bmp|svg|psd|jxl|dng|cr2|nef|arw|mp4|mov|rar|7z|tar|gz)$/i;

export type DroppedFile = { file: File; path: string };

/** Hidden files and files that no dataset takes (Thumbs.db and the like) are skipped. */
const isWanted = ({ name }: File) => (ACCEPTED.test(name) || UNREADABLE.test(name)) && !name.startsWith('.');

/** Why the service does not take the file; undefined for one that it may take. */
export function whyUnreadable(name: string): string | undefined {
  const [, kind] = UNREADABLE.exec(name) ?? [];
  if (kind === undefined) return undefined;
  const instead = /^(rar|7z|tar|gz)$/i.test(kind) ? 'a zip archive' : 'PNG, JPEG or WebP';
  return `${kind.toUpperCase()} files are not read: save it as ${instead}`;
}

export async function filesOf(transfer: DataTransfer): Promise<DroppedFile[]> {
  // Read before the first await, because the browser then empties the list.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const plain = [...transfer.files];
  if (entries.every((entry) => entry === null)) return plain.map((file) => ({ file, path: file.name }));
  const found = await Promise.all(entries.filter((entry) => entry !== null).map(walk));
  return found.flat();
}

async function walk(entry: FileSystemEntry): Promise<DroppedFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
    return isWanted(file) ? [{ file, path: entry.fullPath.replace(/^\//, '') }] : [];
  }
  const children = await readAll((entry as FileSystemDirectoryEntry).createReader());
  return (await Promise.all(children.map(walk))).flat();
}

/** A reader returns at most a hundred entries at a time. */
async function readAll(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const all: FileSystemEntry[] = [];
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (batch.length === 0) return all;
    all.push(...batch);
  }
}

export const chosenFiles = (list: FileList): DroppedFile[] =>
  [...list].filter(isWanted).map((file) => ({ file, path: file.webkitRelativePath || file.name }));

const stem = (path: string): string => path.replace(/\.[^./]+$/, '');
const baseName = (path: string): string => stem(path).split('/').at(-1)!;

/** Captions by the path of their image, without its ending. */
async function captionsIn(files: DroppedFile[]): Promise<Map<string, string>> {
  const captions = new Map<string, string>();
  for (const { file, path } of files) {
    if (/\.(txt|caption)$/i.test(path)) captions.set(stem(path), (await file.text()).trim());
    else if (/(^|\/)metadata\.jsonl$/i.test(path))
      for (const [name, text] of readJsonLines(await file.text())) captions.set(stem(path.replace(/[^/]+$/, name)), text);
  }
  return captions;
}

/** Caption files go to the images of the same name beside them. */
export async function withCaptions(files: DroppedFile[]): Promise<{ file: File; name: string; caption?: string }[]> {
  const captions = await captionsIn(files);
  return files
    .filter(({ path }) => /\.(png|jpe?g|webp|zip)$/i.test(path))
    .map(({ file, path }) => ({ file, name: file.name, ...(captions.get(stem(path)) && { caption: captions.get(stem(path))! }) }));
}

function readJsonLines(text: string): [string, string][] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as { file_name: string; text?: string; caption?: string })
    .map(({ file_name: name, text: words, caption }) => [name, words ?? caption ?? '']);
}

/** Captions of images that are in the dataset already, by id: caption files without images are for these. */
export async function captionsFor(files: DroppedFile[], images: { id: string; file_name: string }[]): Promise<Record<string, string>> {
  const captions = new Map([...(await captionsIn(files))].map(([path, caption]) => [baseName(path), caption]));
  const found = images.map(({ id, file_name: name }): [string, string | undefined] => [id, captions.get(baseName(name))]);
  return Object.fromEntries(found.filter((one): one is [string, string] => one[1] !== undefined));
}
