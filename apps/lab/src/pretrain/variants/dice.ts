// A sequence of random choices from one key: the same key always gives the same choices.
import { randomUniforms, type RandomKey } from '@styleforge/diffusion';

export type Color = readonly [number, number, number];

const BLOCK = 64;
/** Share of colors near black or near white: paper, ink and night are more common than uniform choices would make them. */
const EXTREME_SHARE = 0.3;

export class Dice {
  readonly #key: RandomKey;
  #values: Float64Array = new Float64Array();
  #at = 0;
  #block = 0;

  constructor(key: RandomKey) {
    this.#key = key;
  }

  /** Uniform in [0, 1). */
  unit(): number {
    if (this.#at === this.#values.length) {
      this.#values = randomUniforms({ ...this.#key, purpose: `${this.#key.purpose}/${this.#block}` }, BLOCK);
      this.#block += 1;
      this.#at = 0;
    }
    return this.#values[this.#at++];
  }

  between(low: number, high: number): number {
    return low + this.unit() * (high - low);
  }

  /** A whole number from low to high, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  chance(share: number): boolean {
    return this.unit() < share;
  }

  /** One of the entries, chosen by weight. */
  choose<Entry extends { readonly weight: number }>(entries: readonly Entry[]): Entry {
    let at = this.unit() * entries.reduce((sum, { weight }) => sum + weight, 0);
    for (const entry of entries) {
      if (at < entry.weight) return entry;
      at -= entry.weight;
    }
    return entries[entries.length - 1];
  }

  color(): Color {
    if (this.chance(EXTREME_SHARE)) {
      const gray = this.chance(0.5) ? this.between(0, 60) : this.between(200, 255);
      const tint = (): number => Math.min(255, Math.max(0, gray + this.between(-25, 25)));
      return [tint(), tint(), tint()];
    }
    return [this.between(0, 255), this.between(0, 255), this.between(0, 255)];
  }
}
