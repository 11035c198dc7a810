// Datasets and the images in them.
import type { Api } from '../api.ts';
import { take } from '../api.ts';
import { isArchive, openFiles } from '../files.ts';
import type { Labels, NamedBlob, Uploadable } from '../files.ts';
import type { RequestOptions } from '../options.ts';
import { PagePromise } from '../pages.ts';
import type {
  Dataset,
  DatasetCreateParams,
  DatasetDetail,
  DatasetImage,
  ImageImport,
  PageParams,
  PendingUpload,
  UploadResult,
} from '../types.ts';

/** Limits of one request: large uploads are divided, so that each request ends in time and can be repeated. */
const BATCH = { files: 40, bytes: 64 * 1024 * 1024 };
const UPLOAD_TIMEOUT_MS = 10 * 60_000;
const URLS_PER_REQUEST = 100;
/** Number of files that are sent straight to the object store at the same time. */
const DIRECT_AT_ONCE = 4;
/** Files that a link accepts: images. Captions, masks and archives go through the service. */
const IMAGE_NAME = /\.(png|jpe?g|jfif|webp)$/i;

export interface UploadOptions extends RequestOptions, Labels {
  /** Called after each request with the amount sent so far. */
  onProgress?: ((sent: { files: number; bytes: number }) => void) | undefined;
  /** Sends images straight to the object store if it signs links (S3), so that they do not pass through the service. */
  direct?: boolean | undefined;
}

export class Datasets {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  rename(id: string, name: string, options?: RequestOptions): Promise<Dataset> {
    return take(this.#api.http.PATCH('/v1/datasets/{id}', { params: { path: { id } }, body: { name }, ...this.#api.with(options) }));
  }

  /** Writes captions by image id, all or none of them; null removes a caption. */
  async setCaptions(id: string, captions: Record<string, string | null>, options?: RequestOptions): Promise<void> {
    const body = { captions: Object.entries(captions).map(([image_id, caption]) => ({ image_id, caption })) };
    await this.#api.http.PUT('/v1/datasets/{id}/captions', { params: { path: { id } }, body, ...this.#api.with(options) });
  }

  create(params: DatasetCreateParams, options?: RequestOptions): Promise<Dataset> {
    return take(this.#api.http.POST('/v1/datasets', { body: params, ...this.#api.with(options) }));
  }

  list(params: PageParams = {}, options?: RequestOptions): PagePromise<Dataset> {
    const fetch = (after?: string) =>
      take(this.#api.http.GET('/v1/datasets', { params: { query: { ...params, ...(after && { after }) } }, ...this.#api.with(options) }));
    return new PagePromise(fetch, params.after);
  }

  get(id: string, options?: RequestOptions): Promise<DatasetDetail> {
    return take(this.#api.http.GET('/v1/datasets/{id}', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  async delete(id: string, options?: RequestOptions): Promise<void> {
    await this.#api.http.DELETE('/v1/datasets/{id}', { params: { path: { id } }, ...this.#api.with(options) });
  }

  /** The images of a dataset in pages, in the order of their upload. */
  images(id: string, params: PageParams = {}, options?: RequestOptions): PagePromise<DatasetImage> {
    const fetch = (after?: string) =>
      take(
        this.#api.http.GET('/v1/datasets/{id}/images', {
          params: { path: { id }, query: { ...params, ...(after && { after }) } },
          ...this.#api.with(options),
        }),
      );
    return new PagePromise(fetch, params.after);
  }

  /** Creates a link to send a file to with PUT, straight to the object store if it signs links; pass its `upload_id` to `importUrls`. */
  async createUpload(fileName: string, options?: RequestOptions): Promise<PendingUpload> {
    const upload = await take(this.#api.http.POST('/v1/uploads', { body: { file_name: fileName }, ...this.#api.with(options) }));
    return { ...upload, url: new URL(upload.url, `${this.#api.transport.settings.baseUrl}/`).href };
  }

  /** Makes the service fetch images from URLs, or take uploads by `upload_id`, in requests of a hundred. */
  async importUrls(id: string, images: (string | ImageImport)[], options: RequestOptions = {}): Promise<UploadResult> {
    const total: UploadResult = { kept: 0, captions: 0, masks: 0, refused: 0, files: [] };
    for (let next = 0; next < images.length; next += URLS_PER_REQUEST) {
      const some = images.slice(next, next + URLS_PER_REQUEST).map((image) => (typeof image === 'string' ? { url: image } : image));
      const key = options.idempotencyKey && `${options.idempotencyKey}-${next}`;
      const request = { timeout: UPLOAD_TIMEOUT_MS, ...options, idempotencyKey: key };
      const call = this.#api.http.POST('/v1/datasets/{id}/import', {
        params: { path: { id } },
        body: { images: some },
        ...this.#api.with(request),
      });
      addTo(total, await take(call));
    }
    return total;
  }

  /**
   * Uploads images, caption files or zip archives: paths and folders (Node), Files, Blobs, bytes, streams. A refused file does not throw:
   * the result says for each file whether it was kept, and if not, why.
   */
  async upload(id: string, files: Uploadable | Uploadable[], options: UploadOptions = {}): Promise<UploadResult> {
    const { component, caption, onProgress, direct, ...request } = options;
    const total: UploadResult = { kept: 0, captions: 0, masks: 0, refused: 0, files: [] };
    const sent = { files: 0, bytes: 0 };
    for await (const batch of inBatches(openFiles(files, { component, caption }))) {
      const key = request.idempotencyKey && `${request.idempotencyKey}-${sent.files}`;
      const sending = { timeout: UPLOAD_TIMEOUT_MS, ...request, idempotencyKey: key };
      addTo(total, direct ? await this.#sendDirectly(id, batch, sending) : await this.#send(id, batch, sending));
      sent.files += batch.length;
      sent.bytes += sizeOf(batch);
      onProgress?.({ ...sent });
    }
    return total;
  }

  /** Sends images by separate links, then the other files, which may belong to them. */
  async #sendDirectly(id: string, batch: NamedBlob[], options: RequestOptions): Promise<UploadResult> {
    const images = batch.filter(({ name }) => IMAGE_NAME.test(name));
    const others = batch.filter(({ name }) => !IMAGE_NAME.test(name));
    const named: ImageImport[] = [];
    for (let next = 0; next < images.length; next += DIRECT_AT_ONCE)
      named.push(...(await Promise.all(images.slice(next, next + DIRECT_AT_ONCE).map((image) => this.#sendToStore(image, options)))));
    const total = await this.importUrls(id, named, options);
    if (others.length > 0) addTo(total, await this.#send(id, others, { ...options, idempotencyKey: undefined }));
    return total;
  }

  async #sendToStore({ name, blob, component, caption }: NamedBlob, options: RequestOptions): Promise<ImageImport> {
    const { url, id, method } = await this.createUpload(name, { ...options, idempotencyKey: undefined });
    await this.#api.transport.send(url, { method, body: blob }, options);
    return { upload_id: id, ...(component && { component }), ...(caption && { caption }) };
  }

  async #send(id: string, batch: NamedBlob[], options: RequestOptions): Promise<UploadResult> {
    const form = new FormData();
    let labels: Labels = {};
    for (const { name, blob, component, caption } of batch) {
      // A label applies to the following files; an empty one ends it.
      if (component !== labels.component) form.append('component', component ?? '');
      if (caption !== labels.caption) form.append('caption', caption ?? '');
      labels = { component, caption };
      form.append('images', blob, name);
    }
    const response = await this.#api.transport.send(
      `/v1/datasets/${encodeURIComponent(id)}/images`,
      { method: 'POST', body: form },
      options,
    );
    return (await response.json()) as UploadResult;
  }
}

function addTo(total: UploadResult, result: UploadResult): void {
  total.kept += result.kept;
  total.captions += result.captions;
  total.masks += result.masks;
  total.refused += result.refused;
  total.files.push(...result.files);
}

async function* inBatches(files: AsyncIterable<NamedBlob>): AsyncGenerator<NamedBlob[]> {
  let batch: NamedBlob[] = [];
  for await (const file of files) {
    const isFull = batch.length === BATCH.files || sizeOf(batch) + file.blob.size > BATCH.bytes;
    // An archive is sent in a separate request.
    if (batch.length > 0 && (isFull || isArchive(file) || batch.some(isArchive))) {
      yield batch;
      batch = [];
    }
    batch.push(file);
  }
  if (batch.length > 0) yield batch;
}

function sizeOf(batch: NamedBlob[]): number {
  return batch.reduce((bytes, { blob }) => bytes + blob.size, 0);
}
