// API keys of the project, for keys with the scope `admin`.
import type { Api } from '../api.ts';
import { take } from '../api.ts';
import type { RequestOptions } from '../options.ts';
import { PagePromise } from '../pages.ts';
import type { ApiKey, ApiKeyCreateParams, CreatedApiKey, PageParams } from '../types.ts';

export class ApiKeys {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Creates a key. Only this response contains the key itself. */
  create(params: ApiKeyCreateParams, options?: RequestOptions): Promise<CreatedApiKey> {
    return take(this.#api.http.POST('/v1/api-keys', { body: params, ...this.#api.with(options) }));
  }

  list(params: PageParams = {}, options?: RequestOptions): PagePromise<ApiKey> {
    const fetch = (after?: string) =>
      take(this.#api.http.GET('/v1/api-keys', { params: { query: { ...params, ...(after && { after }) } }, ...this.#api.with(options) }));
    return new PagePromise(fetch, params.after);
  }

  get(id: string, options?: RequestOptions): Promise<ApiKey> {
    return take(this.#api.http.GET('/v1/api-keys/{id}', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  revoke(id: string, options?: RequestOptions): Promise<ApiKey> {
    return take(this.#api.http.POST('/v1/api-keys/{id}/revoke', { params: { path: { id } }, ...this.#api.with(options) }));
  }
}
