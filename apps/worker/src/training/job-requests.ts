// Passes requests for checkpoints and samples to a running job, and records in its row when they are fulfilled.
import type { JobRequest, TrainingJobRow } from '@styleforge/database';
import type { ChildRequest, RequestMet } from '../processes/messages.ts';
import type { Services } from '../services.ts';

const nameOf = (request: JobRequest): string =>
  request.kind === 'checkpoint' ? `checkpoint ${request.at.toISOString()}` : `sample ${request.sample.at}`;

export class JobRequests {
  readonly #job: TrainingJobRow;
  readonly #services: Services<'database' | 'log'>;
  #send: ((request: ChildRequest) => void) | undefined;
  /** All requests that were sent to the process, so that each is sent once; the id is the index in the list. */
  readonly #told: JobRequest[] = [];

  constructor(job: TrainingJobRow, services: Services<'database' | 'log'>) {
    this.#job = job;
    this.#services = services;
  }

  connect(send: (request: ChildRequest) => void): void {
    this.#send = send;
  }

  /** `pending`: the requests in the row. Requests before the start of the process are not lost, because they stay in the row. */
  hear(pending: readonly JobRequest[]): void {
    if (!this.#send) return;
    for (const request of pending) {
      if (this.#told.some((told) => nameOf(told) === nameOf(request))) continue;
      const id = this.#told.push(request) - 1;
      this.#send({ type: 'request', id, sample: request.kind === 'sample' ? request.sample : null });
    }
  }

  async met({ id, step }: RequestMet): Promise<void> {
    const request = this.#told[id];
    if (!request) throw new Error(`the training process fulfilled a request that it did not receive: ${id}`);
    await this.#services.database.trainingJobs.meetRequest(this.#job.id, request);
    this.#services.log.info({ request: request.kind, step }, 'a request to a running job was fulfilled');
  }
}
