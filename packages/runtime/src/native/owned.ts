// Objects of native libraries with one owner: each is released once and cannot be used afterwards.
import { type Address } from './api.ts';

/** Thrown when an object is used after its release. */
export class ReleasedError extends Error {
  override name = 'ReleasedError';
}

/** A handle of a native library. The code that created it releases it. */
export class Owned {
  readonly #what: string;
  readonly #free: (handle: Address) => void;
  #handle: Address;

  constructor(what: string, handle: Address, free: (handle: Address) => void) {
    this.#what = what;
    this.#handle = handle;
    this.#free = free;
  }

  /** Throws ReleasedError after `release`. */
  get handle(): Address {
    if (this.#handle === 0n) throw new ReleasedError(`${this.#what} was released and cannot be used`);
    return this.#handle;
  }

  get isReleased(): boolean {
    return this.#handle === 0n;
  }

  /** Releases the object. Further calls do nothing. */
  release(): void {
    if (this.#handle === 0n) return;
    const handle = this.#handle;
    this.#handle = 0n;
    this.#free(handle);
  }
}
