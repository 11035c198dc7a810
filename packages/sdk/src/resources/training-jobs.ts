// Training jobs: creating, following and controlling them, and their results.
import type { Api } from '../api.ts';
import { readPage, take } from '../api.ts';
import { TrainingJobError } from '../errors.ts';
import { followEvents } from '../event-stream.ts';
import type { EventStreamOptions } from '../event-stream.ts';
import type { RequestOptions, WaitOptions } from '../options.ts';
import { allItems, PagePromise } from '../pages.ts';
import type { PageBody } from '../pages.ts';
import type {
  AnnotationParams,
  Checkpoint,
  Feedback,
  FeedbackItem,
  LogEvent,
  PresetParams,
  Report,
  TrainingJob,
  TrainingJobCheck,
  TrainingJobCheckParams,
  TrainingJobCreateParams,
  TrainingJobEvent,
  TrainingJobListParams,
  TrainingCurves,
  TrainingJobStatus,
  TrainingJobUpdateParams,
  TrainingJobLog,
  TrainingMetric,
  TrainingPreset,
  ValidationImage,
  ValidationImageUpdateParams,
} from '../types.ts';
import { waitUntilDone } from '../wait.ts';

const FINISHED: TrainingJobStatus[] = ['succeeded', 'failed', 'cancelled'];

export class TrainingJobs {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  create(params: TrainingJobCreateParams, options?: RequestOptions): Promise<TrainingJob> {
    return take(this.#api.http.POST('/v1/training-jobs', { body: params, ...this.#api.with(options) }));
  }

  /** Checks a request without creating a job: throws what `create` would throw. Datasets that are not uploaded yet may be omitted. */
  check(params: TrainingJobCheckParams, options?: RequestOptions): Promise<TrainingJobCheck> {
    return take(this.#api.http.POST('/v1/training-jobs/check', { body: params, ...this.#api.with(options) }));
  }

  /** Training jobs, newest first. */
  list(params: TrainingJobListParams = {}, options?: RequestOptions): PagePromise<TrainingJob> {
    const fetch = (after?: string) =>
      take(
        this.#api.http.GET('/v1/training-jobs', { params: { query: { ...params, ...(after && { after }) } }, ...this.#api.with(options) }),
      );
    return new PagePromise(fetch, params.after);
  }

  get(id: string, options?: RequestOptions): Promise<TrainingJob> {
    return take(this.#api.http.GET('/v1/training-jobs/{id}', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** Changes name, notes, metadata and star; omitted fields stay as they are. */
  update(id: string, params: TrainingJobUpdateParams, options?: RequestOptions): Promise<TrainingJob> {
    return take(this.#api.http.PATCH('/v1/training-jobs/{id}', { params: { path: { id } }, body: params, ...this.#api.with(options) }));
  }

  /**
   * Deletes the job with its checkpoints, images, curves and evaluation. Throws a ConflictError while it is unfinished, or unfinished work
   * uses it.
   */
  async delete(id: string, options?: RequestOptions): Promise<void> {
    await this.#api.http.DELETE('/v1/training-jobs/{id}', { params: { path: { id } }, ...this.#api.with(options) });
  }

  /** The curves of several jobs, each in at most `points` buckets. Default: the running jobs. */
  async curves(params: { jobs?: string[]; points?: number } = {}, options?: RequestOptions): Promise<TrainingCurves['data']> {
    const query = { ...(params.jobs && { jobs: params.jobs.join() }), ...(params.points && { points: params.points }) };
    return (await take(this.#api.http.GET('/v1/metrics', { params: { query }, ...this.#api.with(options) }))).data;
  }

  /** Cancels the job. A running job saves a checkpoint first, from which `resume` continues. */
  cancel(id: string, options?: RequestOptions): Promise<TrainingJob> {
    return take(this.#api.http.POST('/v1/training-jobs/{id}/cancel', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** The candidates of a StyleDrop job, their verdicts, and their CLIP scores once all are made. */
  feedback(id: string, options?: RequestOptions): Promise<Feedback> {
    return take(this.#api.http.GET('/v1/training-jobs/{id}/feedback', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** Keeps or drops candidates; others do not change. */
  setFeedback(id: string, items: FeedbackItem[], options?: RequestOptions): Promise<Feedback> {
    const body = { items };
    return take(this.#api.http.PUT('/v1/training-jobs/{id}/feedback', { params: { path: { id } }, body, ...this.#api.with(options) }));
  }

  pause(id: string, options?: RequestOptions): Promise<TrainingJob> {
    return take(this.#api.http.POST('/v1/training-jobs/{id}/pause', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** Resumes the job. A succeeded job requires a larger `max_train_steps`. */
  resume(id: string, params: { max_train_steps?: number } = {}, options?: RequestOptions): Promise<TrainingJob> {
    return take(
      this.#api.http.POST('/v1/training-jobs/{id}/resume', { params: { path: { id } }, body: params, ...this.#api.with(options) }),
    );
  }

  /** Makes a running job save a checkpoint after its current step, and continue. */
  saveNow(id: string, options?: RequestOptions): Promise<TrainingJob> {
    return take(this.#api.http.POST('/v1/training-jobs/{id}/checkpoint', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** Makes a running job generate sample images after its current step, and continue. */
  sampleNow(id: string, options?: RequestOptions): Promise<TrainingJob> {
    return take(this.#api.http.POST('/v1/training-jobs/{id}/sample', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** Presets for a base model and a method: fields for the body of `create`. */
  async presets(params: PresetParams = {}, options?: RequestOptions): Promise<TrainingPreset[]> {
    return (await take(this.#api.http.GET('/v1/presets', { params: { query: params }, ...this.#api.with(options) }))).data;
  }

  /** The log from its beginning (or `after`), then live events and progress. Ends with the job. */
  events(id: string, options: EventStreamOptions = {}): AsyncGenerator<TrainingJobEvent> {
    const isFinished = async () => FINISHED.includes((await this.get(id, { signal: options.signal })).status);
    return followEvents(this.#api.transport, { path: `/v1/training-jobs/${encodeURIComponent(id)}/events`, isFinished }, options);
  }

  /** The log so far, oldest first, in pages. */
  log(id: string, params: { limit?: number; after?: number } = {}, options?: RequestOptions): PagePromise<LogEvent> {
    const fetch = async (after?: string) => {
      const query = { ...params, ...(after !== undefined && { after: Number(after) }) };
      const page = await take(
        this.#api.http.GET('/v1/training-jobs/{id}/events', { params: { path: { id }, query }, ...this.#api.with(options) }),
      );
      return page as PageBody<LogEvent>;
    };
    return new PagePromise(fetch);
  }

  /** Resolves when the job has succeeded; throws a TrainingJobError if it failed or was cancelled. Also waits while the job is paused. */
  async waitFor(id: string, options: WaitOptions<TrainingJob> = {}): Promise<TrainingJob> {
    const read = (request: RequestOptions) => this.get(id, request);
    const job = await waitUntilDone({ name: `training job ${id}`, read, isDone: ({ status }) => FINISHED.includes(status) }, options);
    if (job.status !== 'succeeded') throw new TrainingJobError(job);
    return job;
  }

  /** The loss curves, one entry per step. `after`: only later steps. */
  metrics(id: string, { after: first = 0, ...options }: RequestOptions & { after?: number } = {}): Promise<TrainingMetric[]> {
    const fetch = (after?: string) =>
      take(
        this.#api.http.GET('/v1/training-jobs/{id}/metrics', {
          params: { path: { id }, query: { limit: 100, after: Number(after ?? first) } },
          ...this.#api.with(options),
        }),
      );
    return allItems(fetch);
  }

  /** The last `lines` (200) that workers have logged about the job. */
  workerLog(id: string, params: { lines?: number } = {}, options?: RequestOptions): Promise<TrainingJobLog> {
    return take(
      this.#api.http.GET('/v1/training-jobs/{id}/worker-log', { params: { path: { id }, query: params }, ...this.#api.with(options) }),
    );
  }

  /** Changes name, notes, metadata and star; omitted fields stay as they are. A checkpoint with a star is never removed automatically. */
  updateCheckpoint(id: string, params: AnnotationParams, options?: RequestOptions): Promise<Checkpoint> {
    return take(this.#api.http.PATCH('/v1/checkpoints/{id}', { params: { path: { id } }, body: params, ...this.#api.with(options) }));
  }

  /** Checkpoints, oldest first; `client.download(file.url)` fetches a file. */
  checkpoints(id: string, options?: RequestOptions): Promise<Checkpoint[]> {
    const fetch = (after?: string) =>
      take(
        this.#api.http.GET('/v1/training-jobs/{id}/checkpoints', {
          params: { path: { id }, query: { limit: 100, ...(after && { after: Number(after) }) } },
          ...this.#api.with(options),
        }),
      );
    return allItems(fetch);
  }

  /**
   * The report of the job's evaluation stage. Throws a NotFoundError for a job without one, a ConflictError until the job has succeeded.
   */
  report(id: string, options?: RequestOptions): Promise<Report> {
    return take(
      this.#api.http.GET('/v1/training-jobs/{id}/report', { params: { path: { id } }, ...this.#api.with(options) }),
    ) as Promise<Report>;
  }

  /** The report as one HTML page with all its images. */
  reportPage(id: string, options?: RequestOptions): Promise<string> {
    return readPage(this.#api, `/v1/training-jobs/${encodeURIComponent(id)}/report`, options);
  }

  /** The validation images of the training: all, or those of one step or prompt. */
  images(id: string, options: RequestOptions & { step?: number; index?: number } = {}): Promise<ValidationImage[]> {
    const { step, index, ...request } = options;
    const only = { ...(step !== undefined && { step }), ...(index !== undefined && { index }) };
    const fetch = (after?: string) =>
      take(
        this.#api.http.GET('/v1/training-jobs/{id}/images', {
          params: { path: { id }, query: { limit: 100, ...only, ...(after && { after }) } },
          ...this.#api.with(request),
        }),
      );
    return allItems(fetch);
  }

  /** Stars the validation image of a step and a prompt, or removes its star. */
  updateImage(
    id: string,
    { step, index }: Pick<ValidationImage, 'step' | 'index'>,
    params: ValidationImageUpdateParams,
    options?: RequestOptions,
  ): Promise<ValidationImage> {
    return take(
      this.#api.http.PATCH('/v1/training-jobs/{id}/images/{step}/{index}', {
        params: { path: { id, step, index } },
        body: params,
        ...this.#api.with(options),
      }),
    );
  }
}
