// Measures what a job costs on this worker, so that later jobs like it can be estimated.
import { costKey, median } from '@styleforge/contracts';
import type { TrainingJobRow } from '@styleforge/database';
import type { Progress, ValidationDone } from '../processes/messages.ts';
import type { Services } from '../services.ts';

/** Minimum number of steps for a measurement, because the first step of a process compiles and warms up. */
const LEAST_STEPS = 3;

export class CostMeter {
  readonly #job: TrainingJobRow;
  readonly #services: Services<'database' | 'settings' | 'log'>;
  readonly #stepSeconds: number[] = [];
  readonly #validationSeconds: number[] = [];
  readonly #checkpointSeconds: number[] = [];
  #startSeconds: number | undefined;
  #checkpointBytes: number | null = null;
  #peakMemoryBytes = 0;
  #deviceMemoryBytes: number | null = null;
  #recomputes: boolean | null = null;
  #mark = performance.now();

  constructor(job: TrainingJobRow, services: Services<'database' | 'settings' | 'log'>) {
    this.#job = job;
    this.#services = services;
  }

  /** Seconds since the last message of the process. */
  #lap(): number {
    const now = performance.now();
    const seconds = (now - this.#mark) / 1_000;
    this.#mark = now;
    return seconds;
  }

  /** The inputs are checked and the model is loaded. */
  started(): void {
    this.#startSeconds ??= this.#lap();
  }

  /** The reconstruction of the images is measured: part of the start, whenever it happens. */
  reconstruction(): void {
    if (this.#startSeconds !== undefined) this.#startSeconds += this.#lap();
  }

  progress({ stepSeconds, peakMemoryBytes, card }: Progress): void {
    this.#lap();
    this.#stepSeconds.push(stepSeconds);
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, peakMemoryBytes);
    if (!card) return;
    this.#deviceMemoryBytes = Math.max(this.#deviceMemoryBytes ?? 0, card.memoryBytes);
    this.#recomputes = card.recomputes;
  }

  validation({ isRequested }: ValidationDone): void {
    const seconds = this.#lap();
    if (!isRequested) this.#validationSeconds.push(seconds);
  }

  checkpoint(bytes: number): void {
    this.#checkpointSeconds.push(this.#lap());
    this.#checkpointBytes = Math.max(bytes, this.#checkpointBytes ?? 0);
  }

  /** Records the measurement. The job does not fail if this is not possible. */
  async record(): Promise<void> {
    if (this.#stepSeconds.length < LEAST_STEPS) return;
    const cost = {
      device: this.#services.settings.device,
      steps: this.#stepSeconds.length,
      stepSeconds: median(this.#stepSeconds),
      startSeconds: this.#startSeconds ?? 0,
      validationSeconds: mean(this.#validationSeconds),
      checkpointSeconds: mean(this.#checkpointSeconds),
      checkpointBytes: this.#checkpointBytes,
      peakMemoryBytes: this.#peakMemoryBytes,
      deviceMemoryBytes: this.#deviceMemoryBytes,
      recomputes: this.#recomputes,
    };
    await this.#services.database.jobCosts
      .record(this.#job.id, costKey(this.#job.config), cost)
      .catch((error: unknown) =>
        this.#services.log.warn({ err: error }, 'the cost of the job could not be recorded; estimates will not include it'),
      );
  }
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
