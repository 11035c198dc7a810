// Heartbeat of the worker that holds a training job: the worker's id, and the step from which another worker would continue.
import { hostname } from 'node:os';
import type { TrainingJobRow } from '@styleforge/database';
import type { Services } from '../services.ts';

const intervalMs = 10_000;

export class Heartbeat {
  readonly #job: TrainingJobRow;
  readonly #services: Services<'database' | 'settings'>;
  #durableStep: number | null;
  #beatAt = Number.NEGATIVE_INFINITY;

  constructor(job: TrainingJobRow, services: Services<'database' | 'settings'>, durableStep: number | null) {
    this.#job = job;
    this.#services = services;
    this.#durableStep = durableStep;
  }

  /** Records that a checkpoint of this step is stored; the next heartbeat is written immediately. */
  saved(step: number): void {
    this.#durableStep = step;
    this.#beatAt = Number.NEGATIVE_INFINITY;
  }

  /** Writes the heartbeat when it is time; may be called often. */
  async beat(): Promise<void> {
    if (Date.now() - this.#beatAt < intervalMs) return;
    const { database, settings } = this.#services;
    const now = new Date();
    this.#beatAt = now.getTime();
    const { id, attempt } = this.#job;
    await database.trainingJobs.heartbeat(id, attempt, {
      host: hostname(),
      pid: process.pid,
      device: settings.device,
      at: now.toISOString(),
      durable_step: this.#durableStep,
    });
  }
}
