// Who uses this worker's device for how long: pieces of work that run at the same time share its seconds equally.
export class DeviceClock {
  readonly #now: () => number;
  readonly #shares = new Map<symbol, number>();
  #countedUntil: number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#countedUntil = now();
  }

  /** Begins to count. `take` gives the seconds since it was last asked; `end` does so for the last time. */
  begin(): { take(): number; end(): number } {
    const key = Symbol('work');
    this.#count();
    this.#shares.set(key, 0);
    const take = (): number => {
      this.#count();
      const seconds = this.#shares.get(key) ?? 0;
      if (this.#shares.has(key)) this.#shares.set(key, 0);
      return seconds;
    };
    return {
      take,
      end: () => {
        const seconds = take();
        this.#shares.delete(key);
        return seconds;
      },
    };
  }

  #count(): void {
    const now = this.#now();
    const share = (now - this.#countedUntil) / 1_000 / this.#shares.size;
    for (const [key, seconds] of this.#shares) this.#shares.set(key, seconds + share);
    this.#countedUntil = now;
  }
}
