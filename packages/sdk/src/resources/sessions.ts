// Sign-in and sign-out of a browser, and the identity of the caller.
import type { Api } from '../api.ts';
import { take } from '../api.ts';
import type { RequestOptions } from '../options.ts';
import type { Me, Session } from '../types.ts';

export class Sessions {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Signs this browser in with an API key, on a page of the service itself. A client with `session: true` then needs no key. */
  async create(apiKey: string, options: RequestOptions = {}): Promise<Session> {
    const headers = { ...options.headers, authorization: `Bearer ${apiKey}` };
    const session = await take(this.#api.http.POST('/v1/session', this.#api.with({ ...options, headers })));
    this.#api.transport.settings.session?.forget();
    return session as Session;
  }

  /** Signs this browser out. */
  async end(options?: RequestOptions): Promise<void> {
    await this.#api.http.DELETE('/v1/session', this.#api.with(options));
    this.#api.transport.settings.session?.forget();
  }

  /** The project, the key with its scopes, the session, and the version of the service. */
  async me(options?: RequestOptions): Promise<Me> {
    const me = await take(this.#api.http.GET('/v1/me', this.#api.with(options)));
    this.#api.transport.settings.session?.learn(me);
    return me;
  }
}
