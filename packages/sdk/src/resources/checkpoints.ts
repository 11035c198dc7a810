// Checkpoints, and their download as one file.
import type { Api } from '../api.ts';
import { take } from '../api.ts';
import { APIUserAbortError, WaitTimeoutError } from '../errors.ts';
import type { RequestOptions } from '../options.ts';
import { sleep } from '../retry.ts';
import type { Checkpoint, CheckpointExport, ExportFormat, ExtractLoraParams } from '../types.ts';

export interface DownloadParams {
  format: ExportFormat;
  /** Rank of a LoRA that is extracted from a full fine-tune. */
  rank?: number;
}
export interface DownloadOptions extends RequestOptions {
  /** Called with the progress of a file that is being made. */
  onProgress?: (progress: CheckpointExport) => void;
  /** Milliseconds to wait for the file. Default: no limit. */
  waitTimeout?: number;
}
export interface Download {
  fileName: string;
  /** The response, whose body is a stream. */
  response: Response;
}

const ACCEPTED = 202;
const USUAL_PAUSE_SECONDS = 2;

export class Checkpoints {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  get(id: string, options?: RequestOptions): Promise<Checkpoint> {
    return take(this.#api.http.GET('/v1/checkpoints/{id}', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** Deletes the checkpoint with its files. Throws a ConflictError while its training job is unfinished, or unfinished work uses it. */
  async delete(id: string, options?: RequestOptions): Promise<void> {
    await this.#api.http.DELETE('/v1/checkpoints/{id}', { params: { path: { id } }, ...this.#api.with(options) });
  }

  /** Extracts a LoRA from a full fine-tune; `kept_share` is the share of the change that it keeps. */
  extractLora(id: string, params: ExtractLoraParams = {}, options?: RequestOptions): Promise<CheckpointExport> {
    return take(
      this.#api.http.POST('/v1/checkpoints/{id}/extract-lora', { params: { path: { id } }, body: params, ...this.#api.with(options) }),
    );
  }

  getExport(id: string, options?: RequestOptions): Promise<CheckpointExport> {
    return take(this.#api.http.GET('/v1/exports/{id}', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** Downloads the checkpoint as one file of this format, and waits for the file if it must be made first. */
  async download(id: string, { format, rank }: DownloadParams, options: DownloadOptions = {}): Promise<Download> {
    const { onProgress, waitTimeout, ...request } = options;
    const end = waitTimeout === undefined ? Number.POSITIVE_INFINITY : Date.now() + waitTimeout;
    const path = `/v1/checkpoints/${encodeURIComponent(id)}/download?format=${format}${rank === undefined ? '' : `&rank=${rank}`}`;
    for (;;) {
      const response = await this.#api.transport.send(path, { method: 'GET', stream: true }, request);
      if (response.status !== ACCEPTED)
        return { fileName: fileNameOf(response, `model.${format.endsWith('zip') ? 'zip' : 'safetensors'}`), response };
      onProgress?.((await response.json()) as CheckpointExport);
      if (Date.now() >= end) throw new WaitTimeoutError(`The file was not made within ${waitTimeout} ms; it continues.`);
      const seconds = Number(response.headers.get('retry-after') ?? USUAL_PAUSE_SECONDS);
      await sleep(seconds * 1000, request.signal).catch((cause: unknown) =>
        Promise.reject(new APIUserAbortError('Waiting was aborted.', { cause })),
      );
    }
  }
}

/** The file name in a response. */
export function fileNameOf({ headers }: Response, otherwise: string): string {
  const [, name] = /filename="([^"/\\]+)"/.exec(headers.get('content-disposition') ?? '') ?? [];
  return name ?? otherwise;
}
