// Cache of the owners of API keys, for seconds, and only while this process listens for revocations.
import type { ApiKeyScope } from '@styleforge/contracts';

/** Milliseconds after which a revocation applies even without its notification. */
const KEPT_MS = 10_000;
const MOST_KEYS = 10_000;

export type ApiKeyIdentity = { keyId: string; projectId: string; scopes: ApiKeyScope[] };
type Known = { identity: ApiKeyIdentity; until: number };

export class KeyCache {
  readonly #byHash = new Map<string, Known>();
  #isListening = false;

  /** Starts with an empty cache, because a key may have been revoked while nobody listened. */
  enable(): void {
    this.#byHash.clear();
    this.#isListening = true;
  }

  disable(): void {
    this.#isListening = false;
    this.#byHash.clear();
  }

  find(hash: string): ApiKeyIdentity | undefined {
    const known = this.#byHash.get(hash);
    return known !== undefined && Date.now() < known.until ? known.identity : undefined;
  }

  remember(hash: string, identity: ApiKeyIdentity, expiresAt: Date | null): void {
    if (!this.#isListening) return;
    // The oldest entry is removed first.
    if (this.#byHash.size >= MOST_KEYS) for (const oldest of this.#byHash.keys()) if (this.#byHash.delete(oldest)) break;
    this.#byHash.set(hash, { identity, until: Math.min(Date.now() + KEPT_MS, expiresAt?.getTime() ?? Infinity) });
  }

  forget(keyId: string): void {
    for (const [hash, { identity }] of this.#byHash) if (identity.keyId === keyId) this.#byHash.delete(hash);
  }
}
