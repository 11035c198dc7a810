// Shares the child's processor: one piece of work computes at a time and yields between its steps, so that short work waits briefly.

export class Processor {
  #isTaken = false;
  readonly #line: (() => void)[] = [];

  /** Runs `compute` when it is this work's turn. `pass` lets the waiting work run first, each until it yields in turn. */
  async compute<Result>(work: (pass: () => Promise<void>) => Promise<Result>): Promise<Result> {
    await this.#take();
    try {
      return await work(async () => {
        this.#give();
        await this.#take();
      });
    } finally {
      this.#give();
    }
  }

  async #take(): Promise<void> {
    if (this.#isTaken) await new Promise<void>((go) => this.#line.push(go));
    this.#isTaken = true;
  }

  #give(): void {
    const next = this.#line.shift();
    if (next) next();
    else this.#isTaken = false;
  }
}
