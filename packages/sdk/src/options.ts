// Options of the client and of single requests.
export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

export interface ClientOptions {
  /** `sf_...`. Default: the environment variable `STYLEFORGE_API_KEY`. */
  apiKey?: string | undefined;
  /** Set this in a signed-in browser (`sessions.create`), on a page of the service itself: its cookie replaces the key. */
  session?: boolean | undefined;
  /** URL of the service. Default: `STYLEFORGE_BASE_URL`, then http://127.0.0.1:3000. */
  baseUrl?: string | undefined;
  /** Milliseconds for one attempt of a request. Default: 60 seconds. */
  timeout?: number | undefined;
  /** Number of repetitions after temporary failures. Default: 2; 0 for a single attempt. */
  maxRetries?: number | undefined;
  headers?: Record<string, string> | undefined;
  /** Replaces the global `fetch`. */
  fetch?: Fetch | undefined;
}

export interface RequestOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds for one attempt. */
  timeout?: number | undefined;
  maxRetries?: number | undefined;
  /** Idempotency key of a POST. Default: a random one, the same for every attempt. */
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

/** Address of `npm start`. */
export const DEFAULT_BASE_URL = 'http://127.0.0.1:3000';
export const DEFAULT_TIMEOUT_MS = 60_000;
export const DEFAULT_MAX_RETRIES = 2;
