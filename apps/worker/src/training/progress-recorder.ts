// Writes a training's progress and loss curves to the database, and reads requests to the job from it.
import type { JobProgress } from '@styleforge/contracts';
import { type JobWishes, type MetricPoint, StaleAttemptError, type TrainingJobRow, wishesOf } from '@styleforge/database';
import { Heartbeat } from '../held-row/heartbeat.ts';
import type { Progress } from '../processes/messages.ts';
import type { Services } from '../services.ts';

export class ProgressRecorder {
  readonly #job: TrainingJobRow;
  readonly #database: Services<'database'>['database'];
  readonly #heartbeat: Heartbeat;
  readonly #speed = new StepSpeed();
  #latest: Progress | undefined;
  #points: MetricPoint[] = [];

  /** `durableStep`: the step of the checkpoint from which the job continues, if there is one. */
  constructor(job: TrainingJobRow, durableStep: number | null, services: Services<'database' | 'settings'>) {
    this.#job = job;
    this.#heartbeat = new Heartbeat(job, services, durableStep);
    this.#database = services.database;
  }

  /** Whether no step has been added yet. */
  get isFirst(): boolean {
    return this.#latest === undefined;
  }

  add(progress: Progress): void {
    this.#latest = progress;
    this.#speed.add(progress.step, Date.now());
    this.#points.push({
      step: progress.step,
      loss: progress.loss,
      style_ref_loss: progress.styleRefLoss,
      aux_loss: progress.auxLoss,
      grad_norm: progress.gradNorm,
      learning_rate: progress.learningRate,
    });
  }

  /** Records that a checkpoint of this step is stored. */
  saved(step: number): void {
    this.#heartbeat.saved(step);
  }

  /** Removes and returns the points of the loss curve that are not yet in the database. */
  unwritten(): MetricPoint[] {
    return [...this.#points];
  }

  /** Writes what is new since the last call; after a failure, the next call writes it. */
  async write(): Promise<JobWishes> {
    await this.#heartbeat.beat();
    const { id, attempt } = this.#job;
    const { trainingJobs, metrics } = this.#database;
    const points = [...this.#points];
    if (this.#latest === undefined || points.length === 0) {
      const row = await trainingJobs.get(id);
      if (row && row.attempt !== attempt)
        throw new StaleAttemptError(`Attempt ${attempt} of training job ${id} was taken over by attempt ${row.attempt}.`);
      return row === null ? { cancelRequested: false, pauseRequested: false, requests: [] } : wishesOf(row);
    }
    const wish = await trainingJobs.updateProgress(id, attempt, this.#body(this.#latest));
    await metrics.record(id, points);
    this.#points = this.#points.slice(points.length);
    return wish;
  }

  #body(latest: Progress): JobProgress {
    const stepsPerSecond = this.#speed.stepsPerSecond();
    return {
      step: latest.step,
      of: latest.of,
      loss: latest.loss,
      style_ref_loss: latest.styleRefLoss,
      aux_loss: latest.auxLoss,
      grad_norm: latest.gradNorm,
      learning_rate: latest.learningRate,
      samples_per_second: latest.samplesPerSecond,
      eta_seconds: stepsPerSecond === null ? null : Math.round((latest.of - latest.step) / stepsPerSecond),
    };
  }
}

/** Steps a second over the last half minute, or over the last step if it takes longer. */
class StepSpeed {
  #seen: { step: number; at: number }[] = [];

  add(step: number, at: number): void {
    this.#seen = this.#seen.filter((old, index) => at - old.at < 30_000 || index === this.#seen.length - 1);
    this.#seen.push({ step, at });
  }

  stepsPerSecond(): number | null {
    const first = this.#seen[0];
    const last = this.#seen.at(-1);
    if (!first || !last || last.step <= first.step || last.at <= first.at) return null;
    return ((last.step - first.step) * 1_000) / (last.at - first.at);
  }
}
