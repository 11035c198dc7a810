// Reports: links with which people without an API key can read them.
import type { Api } from '../api.ts';
import { take } from '../api.ts';
import type { RequestOptions } from '../options.ts';
import { PagePromise } from '../pages.ts';
import type { PageParams, ReportShare, ReportShareParams, ReportShareWithUrl } from '../types.ts';

export class Reports {
  readonly #api: Api;
  readonly #baseUrl: string;

  constructor(api: Api, baseUrl: string) {
    this.#api = api;
    this.#baseUrl = baseUrl;
  }

  /** Creates a link; `id` is that of an evaluation or of a job with one. Only this result contains the whole URL. */
  async share(id: string, params: ReportShareParams = {}, options?: RequestOptions): Promise<ReportShareWithUrl> {
    const share = await take(
      this.#api.http.POST('/v1/reports/{id}/share', { params: { path: { id } }, body: params, ...this.#api.with(options) }),
    );
    return { ...share, url: new URL(share.url, `${this.#baseUrl}/`).href };
  }

  /** The valid links, newest first. */
  shares(id: string, params: PageParams = {}, options?: RequestOptions): PagePromise<ReportShare> {
    const fetch = (after?: string) =>
      take(
        this.#api.http.GET('/v1/reports/{id}/share', {
          params: { path: { id }, query: { ...params, ...(after && { after }) } },
          ...this.#api.with(options),
        }),
      );
    return new PagePromise(fetch, params.after);
  }

  /** Revokes one link, or all links of the report. */
  async unshare(id: string, shareId?: string, options?: RequestOptions): Promise<void> {
    if (shareId === undefined) {
      await this.#api.http.DELETE('/v1/reports/{id}/share', { params: { path: { id } }, ...this.#api.with(options) });
      return;
    }
    const path = { id, share_id: shareId };
    await this.#api.http.DELETE('/v1/reports/{id}/share/{share_id}', { params: { path }, ...this.#api.with(options) });
  }
}
