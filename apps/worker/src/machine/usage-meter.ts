// Adds what one piece of work uses to its records every few seconds, so that a worker that dies loses little of it.
import type { Database, UsageSubject } from '@styleforge/database';
import type { Logger } from '../logger.ts';
import type { DeviceClock } from './device-clock.ts';

const everyMs = 10_000;

/** Usage of one attempt at a piece of work. */
export interface Usage {
  steps(count: number): void;
  images(count: number): void;
}

export interface UsageServices {
  database: Pick<Database, 'usage'>;
  deviceClock: DeviceClock;
  log: Logger;
}

export class UsageMeter implements Usage {
  readonly #subject: UsageSubject;
  readonly #services: UsageServices;
  readonly #held: ReturnType<DeviceClock['begin']>;
  readonly #timer: NodeJS.Timeout;
  #counted = { deviceSeconds: 0, steps: 0, images: 0 };
  #writing: Promise<void> = Promise.resolve();

  constructor(subject: UsageSubject, services: UsageServices, devices: number) {
    this.#subject = subject;
    this.#services = services;
    this.#held = services.deviceClock.begin(devices);
    this.#timer = setInterval(() => void this.#write(this.#held.take()), everyMs);
  }

  steps(count: number): void {
    this.#counted.steps += count;
  }

  images(count: number): void {
    this.#counted.images += count;
  }

  /** Writes the remaining usage. A failure to write never fails the work. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#write(this.#held.end());
  }

  #write(seconds: number): Promise<void> {
    this.#counted.deviceSeconds += seconds;
    this.#writing = this.#writing.then(async () => {
      const amounts = this.#counted;
      this.#counted = { deviceSeconds: 0, steps: 0, images: 0 };
      try {
        await this.#services.database.usage.add(this.#subject, amounts);
      } catch (error) {
        this.#counted.deviceSeconds += amounts.deviceSeconds;
        this.#counted.steps += amounts.steps;
        this.#counted.images += amounts.images;
        this.#services.log.warn({ err: error }, 'usage could not be recorded; it is added to the next record');
      }
    });
    return this.#writing;
  }
}

/** Runs work and counts what it uses on the given number of devices. */
export async function metered<Services extends UsageServices, Result>(
  subject: UsageSubject,
  services: Services,
  work: (services: Services & { usage: Usage }) => Promise<Result>,
  devices = 1,
): Promise<Result> {
  const usage = new UsageMeter(subject, services, devices);
  try {
    return await work({ ...services, usage });
  } finally {
    await usage.end();
  }
}
