// The registry: models with a name, their versions and aliases.
import type { Api } from '../api.ts';
import { take } from '../api.ts';
import type { RequestOptions } from '../options.ts';
import { PagePromise } from '../pages.ts';
import type { Model, ModelCreateParams, ModelUpdateParams, ModelVersion, ModelVersionCreateParams, PageParams } from '../types.ts';

export class Models {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Makes version 1 of a model from a checkpoint or from the result of a training job. */
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

  /** With its versions, aliases and cover; the checkpoints stay with their training jobs. */
  async delete(name: string, options?: RequestOptions): Promise<void> {
    await this.#api.http.DELETE('/v1/models/{name}', { params: { path: { name } }, ...this.#api.with(options) });
  }

  /** The new version is `latest`. */
  addVersion(name: string, params: ModelVersionCreateParams, options?: RequestOptions): Promise<ModelVersion> {
    return take(
      this.#api.http.POST('/v1/models/{name}/versions', { params: { path: { name } }, body: params, ...this.#api.with(options) }),
    );
  }

  getVersion(name: string, version: number, options?: RequestOptions): Promise<ModelVersion> {
    const path = { name, version };
    return take(this.#api.http.GET('/v1/models/{name}/versions/{version}', { params: { path }, ...this.#api.with(options) }));
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

  /** Requests can then name `NAME@ALIAS`. */
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
