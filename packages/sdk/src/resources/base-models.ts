// Base models that the installation can train.
import type { Api } from '../api.ts';
import { take } from '../api.ts';
import type { RequestOptions } from '../options.ts';
import { allItems } from '../pages.ts';
import type { BaseModel } from '../types.ts';

export class BaseModels {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(options?: RequestOptions): Promise<BaseModel[]> {
    return allItems((after) =>
      take(
        this.#api.http.GET('/v1/base-models', { params: { query: { limit: 100, ...(after && { after }) } }, ...this.#api.with(options) }),
      ),
    );
  }

  /** The base model with this name. */
  get(name: string, options?: RequestOptions): Promise<BaseModel> {
    return take(this.#api.http.GET('/v1/base-models/{id}', { params: { path: { id: name } }, ...this.#api.with(options) }));
  }
}
