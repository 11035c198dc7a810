// The workers of the installation: what they compute on, what they do, and whether they take jobs.
import type { Api } from '../api.ts';
import { take } from '../api.ts';
import type { RequestOptions } from '../options.ts';
import { PagePromise } from '../pages.ts';
import type { Worker, WorkerListParams } from '../types.ts';

export class Workers {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(params: WorkerListParams = {}, options?: RequestOptions): PagePromise<Worker> {
    const fetch = (after?: string) =>
      take(this.#api.http.GET('/v1/workers', { params: { query: { ...params, ...(after && { after }) } }, ...this.#api.with(options) }));
    return new PagePromise(fetch, params.after);
  }

  get(id: string, options?: RequestOptions): Promise<Worker> {
    return take(this.#api.http.GET('/v1/workers/{id}', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** It finishes its jobs and takes no further ones. Needs the scope `admin`. */
  drain(id: string, options?: RequestOptions): Promise<Worker> {
    return take(this.#api.http.POST('/v1/workers/{id}/drain', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** It takes jobs again. Needs the scope `admin`. */
  undrain(id: string, options?: RequestOptions): Promise<Worker> {
    return take(this.#api.http.POST('/v1/workers/{id}/undrain', { params: { path: { id } }, ...this.#api.with(options) }));
  }
}
