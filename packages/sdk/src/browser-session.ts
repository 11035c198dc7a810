// The session of a browser that has signed in: its cookie goes by itself, its CSRF token with every request that changes something.
import type { Me } from './types.ts';

const SAFE_METHODS = ['GET', 'HEAD'];

export class BrowserSession {
  readonly #readMe: () => Promise<Me>;
  #token: Promise<string> | undefined;

  /** `readMe` says who the cookie stands for. */
  constructor(readMe: () => Promise<Me>) {
    this.#readMe = readMe;
  }

  /** Undefined for requests that need none. Read from the service once. */
  async tokenFor(method: string): Promise<string | undefined> {
    if (SAFE_METHODS.includes(method)) return undefined;
    this.#token ??= this.#readMe().then(({ session }) => session?.csrf_token ?? '');
    return this.#token.catch((error: unknown) => {
      this.forget();
      throw error;
    });
  }

  forget(): void {
    this.#token = undefined;
  }
}
