// Evaluations: reports on any models, with any reference images and prompts.
import type { Api } from '../api.ts';
import { readPage, take } from '../api.ts';
import { EvaluationError } from '../errors.ts';
import type { RequestOptions, WaitOptions } from '../options.ts';
import { PagePromise } from '../pages.ts';
import type {
  AnnotationParams,
  Evaluation,
  EvaluationCreateParams,
  EvaluationImage,
  EvaluationVote,
  EvaluationVotes,
  PageParams,
  Report,
} from '../types.ts';
import { waitUntilDone } from '../wait.ts';

export class Evaluations {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Changes name, notes, metadata and star; omitted fields stay as they are. */
  update(id: string, params: AnnotationParams, options?: RequestOptions): Promise<Evaluation> {
    return take(this.#api.http.PATCH('/v1/evaluations/{id}', { params: { path: { id } }, body: params, ...this.#api.with(options) }));
  }

  /** Deletes the evaluation with its images and its report. Throws a ConflictError while it is unfinished. */
  async delete(id: string, options?: RequestOptions): Promise<void> {
    await this.#api.http.DELETE('/v1/evaluations/{id}', { params: { path: { id } }, ...this.#api.with(options) });
  }

  create(params: EvaluationCreateParams, options?: RequestOptions): Promise<Evaluation> {
    return take(this.#api.http.POST('/v1/evaluations', { body: params, ...this.#api.with(options) }));
  }

  /** Newest first, with the evaluation stages of training jobs. */
  list(params: PageParams = {}, options?: RequestOptions): PagePromise<Evaluation> {
    const fetch = (after?: string) =>
      take(
        this.#api.http.GET('/v1/evaluations', { params: { query: { ...params, ...(after && { after }) } }, ...this.#api.with(options) }),
      );
    return new PagePromise(fetch, params.after);
  }

  get(id: string, options?: RequestOptions): Promise<Evaluation> {
    return take(this.#api.http.GET('/v1/evaluations/{id}', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** Cancels an evaluation. For the evaluation stage of a job, cancel the job. */
  cancel(id: string, options?: RequestOptions): Promise<Evaluation> {
    return take(this.#api.http.POST('/v1/evaluations/{id}/cancel', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** Resolves when the report is ready; throws an EvaluationError if the evaluation failed or was cancelled. */
  async waitFor(id: string, options: WaitOptions<Evaluation> = {}): Promise<Evaluation> {
    const isDone = ({ status }: Evaluation) => status !== 'queued' && status !== 'running';
    const evaluation = await waitUntilDone({ name: `evaluation ${id}`, read: (request) => this.get(id, request), isDone }, options);
    if (evaluation.status !== 'succeeded') throw new EvaluationError(evaluation);
    return evaluation;
  }

  /** All images generated so far, by model and prompt; `client.download(image.url)` fetches one as PNG. */
  async images(id: string, options?: RequestOptions): Promise<EvaluationImage[]> {
    const { data } = await take(
      this.#api.http.GET('/v1/evaluations/{id}/images', { params: { path: { id } }, ...this.#api.with(options) }),
    );
    return data;
  }

  /** Blind votes: those of this API key, and the tally of all. */
  votes(id: string, options?: RequestOptions): Promise<EvaluationVotes> {
    return take(this.#api.http.GET('/v1/evaluations/{id}/votes', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** Records which image of a pair is better, or null for no difference; a second vote on a pair replaces the first. */
  setVotes(id: string, votes: EvaluationVote[], options?: RequestOptions): Promise<EvaluationVotes> {
    return take(
      this.#api.http.PUT('/v1/evaluations/{id}/votes', { params: { path: { id } }, body: { votes }, ...this.#api.with(options) }),
    );
  }

  /** Removes the votes of this API key. */
  async clearVotes(id: string, options?: RequestOptions): Promise<void> {
    await this.#api.http.DELETE('/v1/evaluations/{id}/votes', { params: { path: { id } }, ...this.#api.with(options) });
  }

  /** The report. Throws a ConflictError until the evaluation has succeeded. */
  report(id: string, options?: RequestOptions): Promise<Report> {
    return take(
      this.#api.http.GET('/v1/evaluations/{id}/report', { params: { path: { id } }, ...this.#api.with(options) }),
    ) as Promise<Report>;
  }

  /** The report as one HTML page with all its images. */
  reportPage(id: string, options?: RequestOptions): Promise<string> {
    return readPage(this.#api, `/v1/evaluations/${encodeURIComponent(id)}/report`, options);
  }
}
