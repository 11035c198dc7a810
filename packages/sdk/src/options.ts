// What a caller may set, for the client as a whole and for one request.
export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

export interface ClientOptions {
  /** `sf_...`. Default: the environment variable `STYLEFORGE_API_KEY`. */
  apiKey?: string | undefined;
  /** Set in a browser that has signed in (`sessions.create`), on a page that the service itself serves: its cookie takes the place of a key. */
  session?: boolean | undefined;
  /** URL of the service. Default: `STYLEFORGE_BASE_URL`, then http://127.0.0.1:3000. */
  baseUrl?: string | undefined;
  /** Milliseconds for one try of a request. Default: 60 seconds. */
  timeout?: number | undefined;
  /** Number of repetitions after failures that may pass. Default: 2; 0 for a single try. */
  maxRetries?: number | undefined;
  headers?: Record<string, string> | undefined;
  /** Takes the place of the global `fetch`. */
  fetch?: Fetch | undefined;
}

export interface RequestOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds for one try. */
  timeout?: number | undefined;
  maxRetries?: number | undefined;
  /** Idempotency key of a POST; default a random one, the same for every try. */
  idempotencyKey?: string | undefined;
  headers?: Record<string, string> | undefined;
}

export interface WaitOptions<Subject> extends Pick<RequestOptions, 'signal'> {
  /** Called with the first state and with every change. */
  onProgress?: ((subject: Subject) => void) | undefined;
  /** Milliseconds after which waiting ends; the work itself continues. Default: no limit. */
  timeout?: number | undefined;
  /** Milliseconds between two requests for the state. Default: one second. */
  pollInterval?: number | undefined;
}

/** Where `npm start` serves. */
export const DEFAULT_BASE_URL = 'http://127.0.0.1:3000';
export const DEFAULT_TIMEOUT_MS = 60_000;
export const DEFAULT_MAX_RETRIES = 2;
