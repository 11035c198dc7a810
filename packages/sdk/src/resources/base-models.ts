// What the installation can train.
import type { Api } from '../api.ts';
import { take } from '../api.ts';
import type { RequestOptions } from '../options.ts';
import type { BaseModel } from '../types.ts';

export class BaseModels {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  async list(options?: RequestOptions): Promise<BaseModel[]> {
    const { data } = await take(this.#api.http.GET('/v1/base-models', this.#api.with(options)));
    return data;
  }
}
