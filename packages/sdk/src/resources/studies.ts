// Studies: variations of one job, run as separate jobs and compared.
import type { Api } from '../api.ts';
import { take } from '../api.ts';
import type { RequestOptions, WaitOptions } from '../options.ts';
import { PagePromise } from '../pages.ts';
import type { PageParams, Study, StudyCreateParams, StudySummary, StudyUpdateParams } from '../types.ts';
import { waitUntilDone } from '../wait.ts';

export class Studies {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Changes name, notes, metadata and star; omitted fields stay as they are. */
  update(id: string, params: StudyUpdateParams, options?: RequestOptions): Promise<Study> {
    return take(this.#api.http.PATCH('/v1/studies/{id}', { params: { path: { id } }, body: params, ...this.#api.with(options) }));
  }

  /** Deletes the study; its training jobs are kept. */
  async delete(id: string, options?: RequestOptions): Promise<void> {
    await this.#api.http.DELETE('/v1/studies/{id}', { params: { path: { id } }, ...this.#api.with(options) });
  }

  create(params: StudyCreateParams, options?: RequestOptions): Promise<Study> {
    return take(this.#api.http.POST('/v1/studies', { body: params, ...this.#api.with(options) }));
  }

  get(id: string, options?: RequestOptions): Promise<Study> {
    return take(this.#api.http.GET('/v1/studies/{id}', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  list(params: PageParams = {}, options?: RequestOptions): PagePromise<StudySummary> {
    const fetch = (after?: string) =>
      take(this.#api.http.GET('/v1/studies', { params: { query: { ...params, ...(after && { after }) } }, ...this.#api.with(options) }));
    return new PagePromise(fetch, params.after);
  }

  /** Cancels the study's unfinished jobs. */
  cancel(id: string, options?: RequestOptions): Promise<Study> {
    return take(this.#api.http.POST('/v1/studies/{id}/cancel', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** Resolves when all jobs of the study have ended, with any status. */
  waitFor(id: string, options: WaitOptions<Study> = {}): Promise<Study> {
    return waitUntilDone(
      { name: `study ${id}`, read: (request) => this.get(id, request), isDone: ({ status }) => status === 'finished' },
      options,
    );
  }
}
