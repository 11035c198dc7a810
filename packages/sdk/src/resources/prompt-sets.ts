// Prompt sets: named lists of prompts, with versions.
import type { Api } from '../api.ts';
import { take } from '../api.ts';
import type { RequestOptions } from '../options.ts';
import { PagePromise } from '../pages.ts';
import type { PageParams, PromptSet, PromptSetCreateParams, PromptSetSummary, PromptSetUpdateParams } from '../types.ts';

export class PromptSets {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Changes notes, metadata and star; omitted fields stay as they are. */
  update(id: string, params: PromptSetUpdateParams, options?: RequestOptions): Promise<PromptSet> {
    return take(this.#api.http.PATCH('/v1/prompt-sets/{id}', { params: { path: { id } }, body: params, ...this.#api.with(options) }));
  }

  /** Deletes this version of the prompt set. */
  async delete(id: string, options?: RequestOptions): Promise<void> {
    await this.#api.http.DELETE('/v1/prompt-sets/{id}', { params: { path: { id } }, ...this.#api.with(options) });
  }

  /** Creates a prompt set; an existing name gets a new version. */
  create(params: PromptSetCreateParams, options?: RequestOptions): Promise<PromptSet> {
    return take(this.#api.http.POST('/v1/prompt-sets', { body: params, ...this.#api.with(options) }));
  }

  list(params: PageParams = {}, options?: RequestOptions): PagePromise<PromptSetSummary> {
    const fetch = (after?: string) =>
      take(
        this.#api.http.GET('/v1/prompt-sets', { params: { query: { ...params, ...(after && { after }) } }, ...this.#api.with(options) }),
      );
    return new PagePromise(fetch, params.after);
  }

  /** A prompt set by id, by name (the newest version), or by `name@version`. */
  get(id: string, options?: RequestOptions): Promise<PromptSet> {
    return take(this.#api.http.GET('/v1/prompt-sets/{id}', { params: { path: { id } }, ...this.#api.with(options) }));
  }
}
