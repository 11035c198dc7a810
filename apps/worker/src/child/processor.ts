// The child's one processor: who computes on it, and who waits in line. Work passes it on between its steps, so that long work holds up no short one.

export class Processor {
  #isTaken = false;
  readonly #line: (() => void)[] = [];

  /** Computes when it is this work's turn. `pass` lets those in line compute first, each until it passes the processor on itself. */
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
