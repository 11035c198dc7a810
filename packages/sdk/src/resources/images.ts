// Generating and downloading images.
import type { Api } from '../api.ts';
import { take } from '../api.ts';
import { GenerationError } from '../errors.ts';
import { DEFAULT_TIMEOUT_MS } from '../options.ts';
import type { RequestOptions, WaitOptions } from '../options.ts';
import { type PageBody, PagePromise } from '../pages.ts';
import type {
  AnnotationParams,
  DatasetImage,
  GeneratedImage,
  Generation,
  GenerationCreateParams,
  GenerationSummary,
  ImageKind,
  ImageListParams,
  ImageUpdateParams,
  ListedImageOf,
  PageParams,
  ProjectStreamEvent,
} from '../types.ts';
import { followProjectEvents, type ProjectStreamOptions } from './events.ts';
import { waitUntilDone } from '../wait.ts';

export class Images {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Returns at once, or when the images are ready within `wait` seconds; otherwise `waitFor` waits for them. */
  generate(params: GenerationCreateParams, options: RequestOptions = {}): Promise<Generation> {
    const timeout = DEFAULT_TIMEOUT_MS + (params.wait ?? 0) * 1000;
    return take(this.#api.http.POST('/v1/images/generations', { body: params, ...this.#api.with({ timeout, ...options }) }));
  }

  get(id: string, options?: RequestOptions): Promise<Generation> {
    return take(this.#api.http.GET('/v1/images/generations/{id}', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  list(params: PageParams = {}, options?: RequestOptions): PagePromise<GenerationSummary> {
    const fetch = (after?: string) =>
      take(
        this.#api.http.GET('/v1/images/generations', {
          params: { query: { ...params, ...(after && { after }) } },
          ...this.#api.with(options),
        }),
      );
    return new PagePromise(fetch, params.after);
  }

  /** Past events, then live ones: `generation.image` as soon as an image is stored. Ends with the generation. */
  events(id: string, options: Omit<ProjectStreamOptions, 'types'> = {}): AsyncGenerator<ProjectStreamEvent> {
    const path = `/v1/images/generations/${encodeURIComponent(id)}/events`;
    return followProjectEvents(this.#api, path, options, ({ type }) => /^generation\.(succeeded|failed|cancelled)$/.test(type));
  }

  /** Cancels the generation. Images that exist are kept. */
  cancel(id: string, options?: RequestOptions): Promise<Generation> {
    return take(this.#api.http.POST('/v1/images/generations/{id}/cancel', { params: { path: { id } }, ...this.#api.with(options) }));
  }

  /** Changes name, notes, metadata and star; omitted fields stay as they are. */
  updateGeneration(id: string, params: AnnotationParams, options?: RequestOptions): Promise<Generation> {
    return take(
      this.#api.http.PATCH('/v1/images/generations/{id}', { params: { path: { id } }, body: params, ...this.#api.with(options) }),
    );
  }

  /** Deletes the generation with its images. Throws a ConflictError while it is unfinished. */
  async deleteGeneration(id: string, options?: RequestOptions): Promise<void> {
    await this.#api.http.DELETE('/v1/images/generations/{id}', { params: { path: { id } }, ...this.#api.with(options) });
  }

  /** Images of the whole project, newest first: those of generations, or of `kind`. */
  all<Kind extends ImageKind = 'generation'>(
    params: ImageListParams & { kind?: Kind } = {},
    options?: RequestOptions,
  ): PagePromise<ListedImageOf<Kind>> {
    const fetch = (after?: string) =>
      take(
        this.#api.http.GET('/v1/images', { params: { query: { ...params, ...(after && { after }) } }, ...this.#api.with(options) }),
      ) as Promise<PageBody<ListedImageOf<Kind>>>;
    return new PagePromise(fetch, params.after);
  }

  /** Changes caption, component and exclusion of an uploaded image, or the star of a generated one. */
  update(id: string, params: ImageUpdateParams, options?: RequestOptions): Promise<DatasetImage | GeneratedImage> {
    return take(this.#api.http.PATCH('/v1/images/{id}', { params: { path: { id } }, body: params, ...this.#api.with(options) }));
  }

  /** Deletes an uploaded or generated image. */
  async delete(id: string, options?: RequestOptions): Promise<void> {
    await this.#api.http.DELETE('/v1/images/{id}', { params: { path: { id } }, ...this.#api.with(options) });
  }

  /** Resolves when the images are ready; throws a GenerationError if the generation failed. */
  async waitFor(id: string, options: WaitOptions<Generation> = {}): Promise<Generation> {
    const read = (request: RequestOptions) => this.get(id, request);
    const isDone = ({ status }: Generation) => status !== 'queued' && status !== 'running';
    const generation = await waitUntilDone({ name: `generation ${id}`, read, isDone }, options);
    if (generation.status !== 'succeeded') throw new GenerationError(generation);
    return generation;
  }

  /** One image as PNG: `await (await client.images.content(image.id)).arrayBuffer()`. */
  content(id: string, options?: RequestOptions): Promise<Response> {
    return this.#api.transport.send(`/v1/images/${encodeURIComponent(id)}`, { method: 'GET' }, options);
  }
}
