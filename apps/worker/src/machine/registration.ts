// This worker's row: updated while the process lives, and read for requests to drain the worker.
import { hostname } from 'node:os';
import type { WorkerConfig } from '@styleforge/config';
import { VERSION } from '@styleforge/contracts';
import { type CardReading, type Database, isDatabaseAway, type RunningJob, type WorkerFacts } from '@styleforge/database';
import type { Consumer } from '@styleforge/queue';
import type { Logger } from '../logger.ts';
import type { DeviceFacts } from '../processes/messages.ts';

/** Milliseconds between two heartbeats: 30 seconds without one mean that the process is gone. */
const beatMs = 5_000;
/** Milliseconds after which a change of the worker's work is written. */
const lookMs = 1_000;

export interface RegistrationOptions {
  database: Pick<Database, 'workers'>;
  device: WorkerConfig['device'];
  facts: DeviceFacts;
  queues: Record<string, number>;
  consumers: ReadonlyMap<string, Consumer>;
  log: Logger;
  /** Readings of the cards; null if nothing reads them. */
  cards?(): CardReading[] | null;
  /** Called when the worker becomes busy, and when it becomes idle. */
  onBusy?(isBusy: boolean): void;
}

export class Registration {
  readonly #options: RegistrationOptions;
  readonly #facts: WorkerFacts;
  readonly id: string;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #told = '';
  #toldAt = 0;
  #isBusy = false;
  #drain = false;
  #stopped = false;

  private constructor(id: string, facts: WorkerFacts, options: RegistrationOptions) {
    this.id = id;
    this.#facts = facts;
    this.#options = options;
    this.#schedule();
  }

  static async start(options: RegistrationOptions): Promise<Registration> {
    const { device, queues, database } = options;
    const { name, memoryBytes } = options.facts;
    const facts: WorkerFacts = {
      ...{ host: hostname(), pid: process.pid, version: VERSION, nodeVersion: process.versions.node, device, queues },
      platform: `${process.platform}-${process.arch}`,
      deviceName: name,
      deviceMemoryBytes: memoryBytes,
    };
    return new Registration(await database.workers.register(facts), facts, options);
  }

  /** The process was told to stop: it takes no further jobs. */
  async stopping(): Promise<void> {
    await this.#evenWithoutDatabase(() => this.#options.database.workers.stopping(this.id));
  }

  /** Marks the worker's row as stopped. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
    await this.#evenWithoutDatabase(() => this.#options.database.workers.stopped(this.id));
  }

  /** Kinds of work with a row that people look for; sweeps and deliveries of webhooks are not listed. */
  running(): RunningJob[] {
    return [...this.#options.consumers].flatMap(([queue, consumer]) =>
      queue === 'sweep' || queue === 'webhook'
        ? []
        : consumer.running().map(({ id, since }) => ({ queue, id, since: since.toISOString() })),
    );
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#look()
        .catch((error: unknown) => this.#options.log.warn({ err: error }, "the worker's row could not be written; trying again"))
        .finally(() => this.#schedule());
    }, lookMs);
  }

  async #look(): Promise<void> {
    const running = this.running();
    this.#tellWhetherBusy(running.length > 0);
    const told = JSON.stringify(running);
    if (told === this.#told && Date.now() - this.#toldAt < beatMs) return;
    const { drain } = await this.#options.database.workers.beat(this.id, this.#facts, { running, cards: this.#options.cards?.() ?? null });
    this.#told = told;
    this.#toldAt = Date.now();
    if (drain !== this.#drain) await this.#setDrain(drain);
  }

  async #setDrain(drain: boolean): Promise<void> {
    await Promise.all([...this.#options.consumers.values()].map((consumer) => consumer.drain(drain)));
    this.#drain = drain;
    this.#options.log.info(
      drain ? 'drained on request: running jobs continue, no further jobs are taken' : 'no longer drained: the worker takes jobs again',
    );
  }

  #tellWhetherBusy(isBusy: boolean): void {
    if (isBusy === this.#isBusy) return;
    this.#isBusy = isBusy;
    this.#options.onBusy?.(isBusy);
  }

  async #evenWithoutDatabase(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
      this.#options.log.warn({ err: error }, 'the row of the worker could not be updated at its end; the worker will be shown as lost');
    }
  }
}
