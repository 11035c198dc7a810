// Converts paths, blobs, buffers and streams to named blobs for a multipart upload.
import { StyleForgeError } from './errors.ts';

/** Content of files. In Node a string is the path of an image, of a zip archive, or of a folder of images. */
export type FileContent = string | Blob | ArrayBuffer | Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
/** A file with labels, which override those of the whole upload. */
export type LabelledFile = { file: FileContent; name?: string | undefined; component?: string | undefined; caption?: string | undefined };
export type Uploadable = FileContent | LabelledFile;

export type NamedBlob = { name: string; blob: Blob; component: string | undefined; caption: string | undefined };
export type Labels = { component?: string | undefined; caption?: string | undefined };

/** Opens files one by one, so that at most one batch is in memory. */
export async function* openFiles(files: Uploadable | Uploadable[], labels: Labels): AsyncGenerator<NamedBlob> {
  let count = 0;
  for (const item of Array.isArray(files) ? files : [files]) {
    const {
      file,
      name,
      component = labels.component,
      caption = labels.caption,
    } = isLabelled(item) ? item : ({ file: item } as LabelledFile);
    for await (const opened of openContent(file)) {
      count++;
      yield { name: name ?? opened.name ?? `image-${count}${await extensionOf(opened.blob)}`, blob: opened.blob, component, caption };
    }
  }
}

type OpenedFile = { name?: string | undefined; blob: Blob };

async function* openContent(file: FileContent): AsyncGenerator<OpenedFile> {
  if (typeof file === 'string') {
    const { openLocalFiles } = await import('./local-files.ts');
    yield* openLocalFiles(file);
  } else if (file instanceof Blob) {
    yield { name: 'name' in file && typeof file.name === 'string' ? file.name : undefined, blob: file };
  } else if (file instanceof ArrayBuffer || ArrayBuffer.isView(file)) {
    yield { blob: new Blob([file as BlobPart]) };
  } else {
    yield { name: nameOfStream(file), blob: await readAll(file) };
  }
}

function isLabelled(item: Uploadable): item is LabelledFile {
  return typeof item === 'object' && 'file' in item && !(item instanceof Blob);
}

/** Reads a stream completely, because a request may have to be sent again. */
async function readAll(stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Blob> {
  if (stream instanceof ReadableStream) return new Response(stream).blob();
  if (!(Symbol.asyncIterator in stream)) throw new StyleForgeError('A file must be a path, a Blob, bytes or a stream.');
  const chunks: BlobPart[] = [];
  for await (const chunk of stream) chunks.push(chunk as BlobPart);
  return new Blob(chunks);
}

/** The file name of a Node stream, which knows its path. */
function nameOfStream(stream: object): string | undefined {
  const { path } = stream as { path?: unknown };
  return typeof path === 'string' ? path.split(/[/\\]/).at(-1) : undefined;
}

async function extensionOf(blob: Blob): Promise<string> {
  const head = String.fromCharCode(...new Uint8Array(await blob.slice(0, 12).arrayBuffer()));
  if (head.startsWith('\x89PNG')) return '.png';
  if (head.startsWith('\xff\xd8\xff')) return '.jpg';
  if (head.startsWith('RIFF') && head.slice(8) === 'WEBP') return '.webp';
  return head.startsWith('PK') ? '.zip' : '';
}

export function isArchive({ name }: NamedBlob): boolean {
  return /\.zip$/i.test(name);
}
