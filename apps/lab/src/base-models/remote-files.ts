// Sources of base models (a hub, an S3 bucket, a web address) as files that can be listed, and read from any offset.
import type { S3Config } from '@styleforge/config';
import { createObjectStore } from '@styleforge/storage';
import { HubRepository, openUrl, withoutSecrets, type FileChecks, type HubOptions, type ReceivedBytes } from '@styleforge/weights';

export interface RemoteFile extends FileChecks {
  readonly path: string;
}

export interface RemoteFiles {
  /** The source with its revision pinned, as it is stored with the weights. */
  readonly source: string;
  readonly files: readonly RemoteFile[];
  /** The single file that is the whole model, if the source names one. */
  readonly single?: RemoteFile;
  open(path: string, start: number, signal: AbortSignal | undefined): Promise<ReceivedBytes>;
}

export interface RemoteOptions {
  readonly hub: HubOptions;
  readonly s3: S3Config;
  readonly revision: string;
}

/** `hf:OWNER/NAME`, or `hf:OWNER/NAME/file.safetensors` for one file of it. */
async function hubFiles(source: string, { hub, revision }: RemoteOptions): Promise<RemoteFiles> {
  const [owner = '', name = '', ...rest] = source.slice('hf:'.length).split('/');
  const repository = new HubRepository(`${owner}/${name}`, hub);
  const commit = await repository.resolve(revision);
  const files = await repository.files(commit);
  const path = rest.join('/');
  const single = files.find((file) => file.path === path);
  if (path !== '' && !single) throw new Error(`${repository.name} has no file '${path}' at revision ${revision}`);
  return {
    source: `hf:${repository.name}@${commit}${path && `/${path}`}`,
    files,
    ...(single && { single }),
    open: (file, start, signal) => repository.open(commit, file, start, signal),
  };
}

/** `s3://BUCKET/PREFIX/` or `s3://BUCKET/file.safetensors`. */
async function s3Files(source: string, { s3 }: RemoteOptions): Promise<RemoteFiles> {
  const { hostname: bucket, pathname } = new URL(source);
  const key = decodeURIComponent(pathname).replace(/^\/+|\/+$/g, '');
  const isFile = key.endsWith('.safetensors');
  const prefix = isFile ? key.slice(0, key.lastIndexOf('/') + 1) : `${key}/`;
  const store = await createObjectStore({ ...s3, kind: 's3', bucket, ...(prefix !== '/' && { prefix }) });
  const files: RemoteFile[] = [];
  for await (const { key: path, size } of store.list('')) files.push({ path, size });
  const single = files.find(({ path }) => isFile && prefix + path === key);
  if (isFile && !single) throw new Error(`there is no ${source}`);
  return {
    source,
    files,
    ...(single && { single }),
    async open(path, start) {
      const { body, size } = await store.getStream(path, start > 0 ? { start } : undefined);
      return { start, totalBytes: size, body };
    },
  };
}

/** Extensions of unsupported files. An address without an extension may still send a .safetensors file. */
const OTHER_KIND = /\.(ckpt|pt|pth|bin|zip|gguf|onnx|html?)$/i;

/** The stored source is the address without its secrets. The file's bytes show whether it is a safetensors file. */
function urlFile(source: string): RemoteFiles {
  const shown = withoutSecrets(source);
  const single = { path: shown.split('/').at(-1) || 'model.safetensors' };
  if (OTHER_KIND.test(single.path))
    throw new Error(`${shown} must name a .safetensors file; convert the checkpoint first, or name a whole folder by hf: or s3:`);
  return { source: shown, files: [single], single, open: (_path, start, signal) => openUrl(source, start, { signal }) };
}

/** Null for a path on this machine. */
export async function openRemote(source: string, options: RemoteOptions): Promise<RemoteFiles | null> {
  if (source.startsWith('hf:')) return hubFiles(source, options);
  if (source.startsWith('s3://')) return s3Files(source, options);
  return /^https?:\/\//.test(source) ? urlFile(source) : null;
}
