// The registry: models with a name, their versions and aliases.
import type { Api } from '../api.ts';
import { take } from '../api.ts';
import { type Download, fileNameOf } from './checkpoints.ts';
import { StyleForgeError } from '../errors.ts';
import { openFiles } from '../files.ts';
import type { FileContent } from '../files.ts';
import type { RequestOptions } from '../options.ts';
import { PagePromise } from '../pages.ts';
import type { Model, ModelCreateParams, ModelUpdateParams, ModelVersion, ModelVersionCreateParams, PageParams } from '../types.ts';

const UPLOAD_TIMEOUT_MS = 30 * 60_000;

export interface AdapterUpload {
  /** The adapter: a path (Node), a File, Blob, bytes or a stream. */
  file: FileContent;
  /** adapter_config.json of a LoRA that peft has written. */
  config?: FileContent | undefined;
  /** Name for content without one. If an embedding names no token, this is its token. */
  fileName?: string | undefined;
  /** The base model that it was trained for. */
  base_model: string;
  /** The word in prompts that uses it. */
  token?: string | undefined;
  /** Description of a new model. */
  description?: string | undefined;
  license?: string | undefined;
  prompt_template?: string | undefined;
  /** Notes about this version. */
  notes?: string | undefined;
}

export class Models {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Creates a model with version 1 from a checkpoint or from the result of a training job. */
  create(params: ModelCreateParams, options?: RequestOptions): Promise<Model> {
    return take(this.#api.http.POST('/v1/models', { body: params, ...this.#api.with(options) }));
  }

  get(name: string, options?: RequestOptions): Promise<Model> {
    return take(this.#api.http.GET('/v1/models/{name}', { params: { path: { name } }, ...this.#api.with(options) }));
  }

  list(params: PageParams = {}, options?: RequestOptions): PagePromise<Model> {
    const fetch = (after?: string) =>
      take(this.#api.http.GET('/v1/models', { params: { query: { ...params, ...(after && { after }) } }, ...this.#api.with(options) }));
    return new PagePromise(fetch, params.after);
  }

  update(name: string, params: ModelUpdateParams, options?: RequestOptions): Promise<Model> {
    return take(this.#api.http.PATCH('/v1/models/{name}', { params: { path: { name } }, body: params, ...this.#api.with(options) }));
  }

  /** Deletes the model with its versions, aliases and cover; the checkpoints of its training jobs are kept. */
  async delete(name: string, options?: RequestOptions): Promise<void> {
    await this.#api.http.DELETE('/v1/models/{name}', { params: { path: { name } }, ...this.#api.with(options) });
  }

  /** Adds a version, which becomes `latest`. */
  addVersion(name: string, params: ModelVersionCreateParams, options?: RequestOptions): Promise<ModelVersion> {
    return take(
      this.#api.http.POST('/v1/models/{name}/versions', { params: { path: { name } }, body: params, ...this.#api.with(options) }),
    );
  }

  /** Uploads a LoRA, an embedding or another adapter as a version of the model, which is created if it does not exist. */
  async upload(name: string, { file, fileName, config, ...fields }: AdapterUpload, options: RequestOptions = {}): Promise<ModelVersion> {
    const opened = await openOne(file, fileName);
    const form = new FormData();
    form.append('name', name);
    for (const [field, value] of Object.entries(fields)) if (value !== undefined) form.append(field, value);
    if (config !== undefined) form.append('config', (await openOne(config)).blob, 'adapter_config.json');
    form.append('file', opened.blob, opened.name);
    const request = { timeout: UPLOAD_TIMEOUT_MS, ...options };
    const response = await this.#api.transport.send('/v1/models/upload', { method: 'POST', body: form }, request);
    return (await response.json()) as ModelVersion;
  }

  getVersion(name: string, version: number, options?: RequestOptions): Promise<ModelVersion> {
    const path = { name, version };
    return take(this.#api.http.GET('/v1/models/{name}/versions/{version}', { params: { path }, ...this.#api.with(options) }));
  }

  /** Downloads an uploaded adapter's original file. A version that comes from a training job has none: download its checkpoint. */
  async downloadVersion(name: string, version: number, options: RequestOptions = {}): Promise<Download> {
    const path = `/v1/models/${encodeURIComponent(name)}/versions/${version}/file`;
    const response = await this.#api.transport.send(path, { method: 'GET', stream: true }, options);
    return { fileName: fileNameOf(response, 'adapter.safetensors'), response };
  }

  listVersions(name: string, params: { limit?: number; after?: string } = {}, options?: RequestOptions): PagePromise<ModelVersion> {
    const fetch = (after?: string) => {
      const query = { ...(params.limit && { limit: params.limit }), ...(after && { after: Number(after) }) };
      return take(this.#api.http.GET('/v1/models/{name}/versions', { params: { path: { name }, query }, ...this.#api.with(options) }));
    };
    return new PagePromise(fetch, params.after);
  }

  updateVersion(name: string, version: number, params: { notes: string }, options?: RequestOptions): Promise<ModelVersion> {
    const path = { name, version };
    return take(
      this.#api.http.PATCH('/v1/models/{name}/versions/{version}', { params: { path }, body: params, ...this.#api.with(options) }),
    );
  }

  async deleteVersion(name: string, version: number, options?: RequestOptions): Promise<void> {
    const path = { name, version };
    await this.#api.http.DELETE('/v1/models/{name}/versions/{version}', { params: { path }, ...this.#api.with(options) });
  }

  /** Sets an alias, so that requests can name `NAME@ALIAS`. */
  setAlias(name: string, alias: string, version: number, options?: RequestOptions): Promise<Model> {
    const path = { name, alias };
    return take(
      this.#api.http.PUT('/v1/models/{name}/aliases/{alias}', { params: { path }, body: { version }, ...this.#api.with(options) }),
    );
  }

  async deleteAlias(name: string, alias: string, options?: RequestOptions): Promise<void> {
    await this.#api.http.DELETE('/v1/models/{name}/aliases/{alias}', { params: { path: { name, alias } }, ...this.#api.with(options) });
  }
}

async function openOne(file: FileContent, name?: string): Promise<{ name: string; blob: Blob }> {
  let first: { name: string; blob: Blob } | undefined;
  for await (const opened of openFiles({ file, name }, {})) {
    if (first !== undefined) throw new StyleForgeError('An upload of a model is one file.');
    first = opened;
  }
  if (first === undefined) throw new StyleForgeError('An upload of a model is one file.');
  return first;
}
