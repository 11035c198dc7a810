// The session of a signed-in browser, which sends the cookie itself; this adds the CSRF token to every request that changes something.
import type { Me } from './types.ts';

const SAFE_METHODS = ['GET', 'HEAD'];

export class BrowserSession {
  readonly #readMe: () => Promise<Me>;
  #token: Promise<string> | undefined;

  /** `readMe` returns the caller that the cookie belongs to. */
  constructor(readMe: () => Promise<Me>) {
    this.#readMe = readMe;
  }

  /** The CSRF token, read from the service once; undefined for requests that need none. */
  async tokenFor(method: string): Promise<string | undefined> {
    if (SAFE_METHODS.includes(method)) return undefined;
    this.#token ??= this.#readMe().then(({ session }) => session?.csrf_token ?? '');
    return this.#token.catch((error: unknown) => {
      this.forget();
      throw error;
    });
  }

  /** The caller as read by somebody else, which saves a request before the first change. */
  learn({ session }: Me): void {
    if (session) this.#token = Promise.resolve(session.csrf_token);
  }

  forget(): void {
    this.#token = undefined;
  }
}
