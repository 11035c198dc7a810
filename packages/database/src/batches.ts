// Combines requests that would wait for each other or read the same rows: those that arrive while a batch is under way form the next batch.

/** Maximum batch size: larger batches save little more, and hold locks longer. */
const LARGEST = 100;

type Waiting<Item, Result> = { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void };

/** Runs one batch of a key at a time. An item that arrives alone is sent at once. */
export class Batches<Item, Result> {
  readonly #run: (key: string, items: Item[]) => Promise<Result[]>;
  readonly #failTogether: boolean;
  readonly #waiting = new Map<string, Waiting<Item, Result>[]>();

  /**
   * `run` writes all items or none, and returns one result for each, in their order.
   * `failTogether`: an error is the error of all items of the batch. For reads, where no item can be the cause.
   */
  constructor(run: (key: string, items: Item[]) => Promise<Result[]>, { failTogether = false } = {}) {
    this.#run = run;
    this.#failTogether = failTogether;
  }

  add(key: string, item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(key);
      if (waiting) {
        waiting.push({ item, resolve, reject });
        return;
      }
      this.#waiting.set(key, [{ item, resolve, reject }]);
      void this.#empty(key);
    });
  }

  async #empty(key: string): Promise<void> {
    const waiting = this.#waiting.get(key) ?? [];
    while (waiting.length > 0) await this.#send(key, waiting.splice(0, LARGEST));
    this.#waiting.delete(key);
  }

  /** A batch of writes that fails is sent again item by item, so that an error only affects its own item. */
  async #send(key: string, batch: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#run(
        key,
        batch.map(({ item }) => item),
      );
      for (const [index, { resolve }] of batch.entries()) resolve(results[index]!);
    } catch (error) {
      if (this.#failTogether || batch.length === 1) for (const { reject } of batch) reject(error);
      else for (const one of batch) await this.#send(key, [one]);
    }
  }
}
