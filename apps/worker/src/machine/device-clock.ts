// Measures the device seconds of each piece of work; work that runs at the same time shares the seconds equally.
export class DeviceClock {
  readonly #now: () => number;
  readonly #devices: number;
  readonly #shares = new Map<symbol, number>();
  /** Number of devices that each piece of work runs on. */
  readonly #users = new Map<symbol, number>();
  #countedUntil: number;

  constructor(now: () => number = () => performance.now(), devices = 1) {
    this.#now = now;
    this.#devices = devices;
    this.#countedUntil = now();
  }

  /** Starts counting for work on the given number of devices. `take` returns the seconds since the last call; `end` also stops counting. */
  begin(devices = 1): { take(): number; end(): number } {
    const key = Symbol('work');
    this.#count();
    this.#shares.set(key, 0);
    this.#users.set(key, devices);
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
        this.#users.delete(key);
        return seconds;
      },
    };
  }

  #count(): void {
    const now = this.#now();
    const wanted = [...this.#users.values()].reduce((sum, devices) => sum + devices, 0);
    const share = ((now - this.#countedUntil) / 1_000) * Math.min(1, this.#devices / wanted);
    for (const [key, seconds] of this.#shares) this.#shares.set(key, seconds + share * (this.#users.get(key) ?? 1));
    this.#countedUntil = now;
  }
}
