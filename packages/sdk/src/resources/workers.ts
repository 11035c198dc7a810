// The workers of the installation: their devices, their jobs, and whether they take more.
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

  /** Drains a worker: it finishes its jobs and takes no more. Requires the scope `admin`. */
  drain(id: string, options?: RequestOptions): Promise<Worker> {
    return take(this.#api.http.POST('/v1/workers/{id}/drain', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** Ends the drain of a worker. Requires the scope `admin`. */
  undrain(id: string, options?: RequestOptions): Promise<Worker> {
    return take(this.#api.http.POST('/v1/workers/{id}/undrain', { params: { path: { id } }, ...this.#api.with(options) }));
  }
}
