// Events of the whole project: the log in pages, and a live stream that survives broken connections.
import type { Api } from '../api.ts';
import { take } from '../api.ts';
import { APIUserAbortError } from '../errors.ts';
import { readMessages } from '../event-stream.ts';
import type { RequestOptions } from '../options.ts';
import { PagePromise } from '../pages.ts';
import { backOff, isPassing, PATIENCE, sleep } from '../retry.ts';
import type { ProjectEvent, ProjectStreamEvent } from '../types.ts';

export interface ProjectStreamOptions extends Pick<RequestOptions, 'signal' | 'headers' | 'timeout'> {
  /** Types such as `training_job.*` or `generation.succeeded`. Default: all. */
  types?: string[] | undefined;
  /** Id of the last event seen. Default: only new events. */
  after?: string | undefined;
}

export class Events {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** The log, oldest first. */
  list(params: { types?: string[]; limit?: number; after?: string } = {}, options?: RequestOptions): PagePromise<ProjectEvent> {
    const fetch = (after?: string) => {
      const query = {
        ...(params.limit && { limit: params.limit }),
        ...(params.types && { types: params.types.join() }),
        ...(after && { after: Number(after) }),
      };
      return take(this.#api.http.GET('/v1/events', { params: { query }, ...this.#api.with(options) })) as never;
    };
    return new PagePromise<ProjectEvent>(fetch, params.after);
  }

  /** Follows the events without end: abort `signal`, or leave the loop. Every event with an id arrives exactly once. */
  stream({ types, ...options }: ProjectStreamOptions = {}): AsyncGenerator<ProjectStreamEvent> {
    return followProjectEvents(this.#api, `/v1/events${types ? `?types=${encodeURIComponent(types.join())}` : ''}`, options);
  }
}

/** `isLast` selects the event that ends the stream; it also ends if the service has nothing more to send (204). */
export async function* followProjectEvents(
  api: Api,
  path: string,
  options: Omit<ProjectStreamOptions, 'types'>,
  isLast: (event: ProjectStreamEvent) => boolean = () => false,
): AsyncGenerator<ProjectStreamEvent> {
  const { signal, timeout } = options;
  let after = options.after;
  for (let failures = 0; ; ) {
    try {
      const headers = { accept: 'text/event-stream', ...options.headers, ...(after !== undefined && { 'last-event-id': after }) };
      const request = { signal, timeout, maxRetries: 0 };
      const response = await api.transport.send(path, { method: 'GET', headers, stream: true }, request);
      if (response.status === 204 || response.body === null) return;
      for await (const { id, data } of readMessages(response.body)) {
        failures = 0;
        after = id ?? after;
        const event = JSON.parse(data) as ProjectStreamEvent;
        yield event;
        if (isLast(event)) return;
      }
    } catch (error) {
      if (signal?.aborted) throw new APIUserAbortError('The event stream was aborted.', { cause: error });
      if (!isPassing(error) || ++failures > PATIENCE) throw error;
    }
    await sleep(backOff(failures), signal).catch((cause: unknown) =>
      Promise.reject(new APIUserAbortError('The event stream was aborted.', { cause })),
    );
  }
}
